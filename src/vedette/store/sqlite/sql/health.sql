-- How accounts and endpoints are doing.

-- name: health_put
INSERT INTO health
  (account, tenant, email, state, since, proof_at, work_at, error_at, error, trouble, lag,
   strikes, credential, stage, stage_since, reply, response_code, held, attempts, retry_at,
   reconnect, resynced)
VALUES
  (:account, :tenant, :email, :state, :since, :proof_at, :work_at, :error_at, :error, :trouble,
   :lag, :strikes, :credential, :stage, :stage_since, :reply, :response_code, :held, :attempts,
   :retry_at, :reconnect, :resynced)
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

-- name: endpoint_put
INSERT INTO endpoint (id, disabled_at, disabled_reason, failing_since, failures, delivered_at)
VALUES (:id, :disabled_at, :disabled_reason, :failing_since, :failures, :delivered_at)
ON CONFLICT (id) DO UPDATE
SET disabled_at = excluded.disabled_at, disabled_reason = excluded.disabled_reason,
    failing_since = excluded.failing_since, failures = excluded.failures,
    delivered_at = excluded.delivered_at;

-- name: endpoint_by_id
SELECT id, disabled_at, disabled_reason, failing_since, failures, delivered_at
FROM endpoint
WHERE id = :id;

-- name: endpoints
SELECT id, disabled_at, disabled_reason, failing_since, failures, delivered_at
FROM endpoint
ORDER BY id;
