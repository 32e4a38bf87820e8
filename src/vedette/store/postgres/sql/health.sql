-- How accounts and endpoints are doing.

-- name: healths_put
INSERT INTO health
  (account, tenant, email, state, since, proof_at, work_at, error_at, error, trouble, lag,
   strikes, credential, stage, stage_since, reply, response_code, held, attempts, retry_at,
   reconnect, resynced)
SELECT * FROM unnest(
  $1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::float8[],
  $8::float8[], $9::text[], $10::text[], $11::float8[], $12::bigint[], $13::text[], $14::text[],
  $15::float8[], $16::text[], $17::text[], $18::text[], $19::bigint[], $20::float8[],
  $21::bigint[], $22::bigint[])
ON CONFLICT (account) DO UPDATE
SET tenant = excluded.tenant, email = excluded.email, state = excluded.state,
    since = excluded.since, proof_at = excluded.proof_at, work_at = excluded.work_at,
    error_at = excluded.error_at, error = excluded.error, trouble = excluded.trouble,
    lag = excluded.lag, strikes = excluded.strikes, credential = excluded.credential,
    stage = excluded.stage, stage_since = excluded.stage_since, reply = excluded.reply,
    response_code = excluded.response_code, held = excluded.held, attempts = excluded.attempts,
    retry_at = excluded.retry_at, reconnect = excluded.reconnect, resynced = excluded.resynced;

-- name: healths
SELECT account, tenant, email, state, since, proof_at, work_at, error_at, error, trouble, lag,
       strikes, credential, stage, stage_since, reply, response_code, held, attempts, retry_at,
       reconnect, resynced
FROM health
ORDER BY account;

-- name: healths_mark
-- Every number below it is of a transaction that has ended.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text;

-- name: healths_since
-- `age` counts back from now, so that it does not matter where the numbers began anew.
SELECT account, tenant, email, state, since, proof_at, work_at, error_at, error, trouble, lag,
       strikes, credential, stage, stage_since, reply, response_code, held, attempts, retry_at,
       reconnect, resynced
FROM health
WHERE account > $2::text AND ($1::text IS NULL OR age(xmin) <= age($1::text::xid8::xid))
ORDER BY account
LIMIT $3::bigint;

-- name: endpoint_put
INSERT INTO endpoint (id, disabled_at, disabled_reason, failing_since, failures, delivered_at)
VALUES ($1::text, $2::float8, $3::text, $4::float8, $5::bigint, $6::float8)
ON CONFLICT (id) DO UPDATE
SET disabled_at = excluded.disabled_at, disabled_reason = excluded.disabled_reason,
    failing_since = excluded.failing_since, failures = excluded.failures,
    delivered_at = excluded.delivered_at;

-- name: endpoint_by_id
SELECT id, disabled_at, disabled_reason, failing_since, failures, delivered_at
FROM endpoint
WHERE id = $1::text;

-- name: endpoints
SELECT id, disabled_at, disabled_reason, failing_since, failures, delivered_at
FROM endpoint
ORDER BY id;
