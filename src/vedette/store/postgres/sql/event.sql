-- Events: what was committed, and its history.
--
-- One statement finds events by whatever is asked: it is planned anew each time, so that a filter
-- that is not given costs nothing and the one that is walks its own index.

-- part: of_types
-- What begins with `canary.` is for who names it: neither no pattern at all nor `*` does.
  AND (($3::boolean AND NOT starts_with(event.type, 'canary.')) OR EXISTS (
    SELECT 1 FROM unnest($4::text[]) AS pattern
    WHERE event.type = pattern
       OR (right(pattern, 1) = '*' AND starts_with(event.type, left(pattern, -1))
           AND (pattern <> '*' OR NOT starts_with(event.type, 'canary.')))))

-- part: of_account
WHERE ($8::text IS NULL OR event.id = $8::text)
  AND ($7::text IS NULL OR event.account = $7::text)
  AND ($6::text IS NULL OR event.tenant = $6::text)
  AND event.time >= $1::float8 AND event.time < $2::float8

-- part: of_whom
-- use: of_account
-- use: of_types

-- part: within
  AND (event.time, event.seq) >= ($9::float8, $10::bigint)
  AND (event.time, event.seq) <= ($11::float8, $12::bigint)

-- name: events_found
SELECT event.seq, event.id, event.type, event.tenant, event.account, event.time, event.lane
FROM event
-- use: of_whom
-- use: within
ORDER BY event.time DESC, event.seq DESC
LIMIT $5::bigint;

-- name: look_at_newest
-- What is of another type than is asked for counts as looked at, so that a look has an end.
SELECT event.time, event.seq, (true
-- use: of_types
  )
FROM event
-- use: of_account
-- use: within
ORDER BY event.time DESC, event.seq DESC
LIMIT $5::bigint;

-- name: look_at_oldest
-- What is of another type than is asked for counts as looked at, so that a look has an end.
SELECT event.time, event.seq, (true
-- use: of_types
  )
FROM event
-- use: of_account
-- use: within
ORDER BY event.time, event.seq
LIMIT $5::bigint;


-- name: deliveries_found
SELECT delivery.id, delivery.endpoint, event.id, event.type, event.tenant, event.account,
       event.time, delivery.state, delivery.holder IS NOT NULL, delivery.attempt,
       delivery.queued_at, delivery.due, delivery.reason
FROM event JOIN delivery ON delivery.event = event.seq
-- use: of_whom
  AND ($9::text IS NULL OR delivery.endpoint = $9::text)
  AND ($10::text IS NULL OR delivery.state = $10::text)
ORDER BY event.time DESC, event.seq DESC, delivery.turn DESC
LIMIT $5::bigint;

-- name: dead_letters
SELECT event.seq, event.account, event.lane
FROM event JOIN delivery ON delivery.event = event.seq
-- use: of_whom
  AND delivery.endpoint = $9::text AND delivery.state = 'failed'
ORDER BY delivery.turn
LIMIT $5::bigint;

-- name: events_planned_anew
SET LOCAL plan_cache_mode = force_custom_plan;

-- name: accounts_lock
-- Until the end of the transaction, in an order that is everybody's.
SELECT pg_advisory_xact_lock(key)
FROM (SELECT DISTINCT hashtextextended(account, 0) AS key
      FROM unnest($1::text[]) AS account ORDER BY key) AS keys;

-- name: events_known
SELECT id FROM event WHERE id = ANY($1::text[]);

-- name: events_write
-- An event, its body and its deliveries, all in one statement: one answer is waited for.
WITH given AS (
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[],
                       $7::bytea[], $8::bytea[])
    AS given (seq, id, type, tenant, account, time, lane, body)
), bodies AS (
  INSERT INTO payload (event, body) SELECT seq, body FROM given
)
INSERT INTO event (seq, id, type, tenant, account, time, lane)
SELECT seq, id, type, tenant, account, time, lane FROM given;

-- name: payloads
SELECT event, body FROM payload WHERE event = ANY($1::bigint[]);

-- name: parcels
SELECT event.seq, event.id, event.type, payload.body
FROM event JOIN payload ON payload.event = event.seq
WHERE event.seq = ANY($1::bigint[]) AND payload.event = ANY($1::bigint[]);

-- name: outcomes
SELECT event, state, count(*) FROM delivery WHERE event = ANY($1::bigint[]) GROUP BY event, state;

-- name: delivery_unsettled
SELECT id, holder IS NOT NULL AND due > $3::float8
FROM delivery
WHERE event = $1::bigint AND endpoint = $2::text AND state = 'due'
FOR UPDATE;

-- name: deliveries_queued_at
SELECT event, endpoint FROM delivery
WHERE event = ANY($1::bigint[]) AND endpoint = ANY($2::text[]) AND queued_at = $3::float8;

-- name: delivery_restart
-- A replay of what still waits: due at once, with the whole schedule before it again.
UPDATE delivery SET holder = NULL, due = least(due, $2::float8), attempt = 0
WHERE id = $1::bigint AND state = 'due';

-- name: dead_letter_drop
-- It makes way for a new delivery of the same event.
DELETE FROM delivery WHERE event = $1::bigint AND endpoint = $2::text AND state = 'failed';

-- name: events_prunable
SELECT seq FROM event
WHERE seq >= $3::bigint AND time < $1::float8
  AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.event = event.seq AND delivery.state = 'due')
ORDER BY time
LIMIT $2::bigint;

-- name: deliveries_prune
-- Only events without unsettled deliveries come here.
DELETE FROM delivery
WHERE id IN (SELECT id FROM delivery WHERE event = $1::bigint LIMIT $2::bigint);

-- name: event_delete
WITH body AS (DELETE FROM payload WHERE event = $1::bigint)
DELETE FROM event WHERE seq = $1::bigint;

-- name: tail
-- What lies below every transaction that is open: nothing can come before it any more.
SELECT event.xid::text::bigint AS xid, event.seq, event.id, event.type, event.tenant,
       event.account, event.time
FROM event
WHERE (event.xid, event.seq) > ($1::bigint::text::xid8, $2::bigint)
  AND event.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY event.xid, event.seq
LIMIT $3::bigint;

-- name: tail_sizes
SELECT event, octet_length(body) FROM payload WHERE event = ANY ($1::bigint[]);

-- name: tail_end
-- Every transaction below is over, and none above has committed an event that is told already.
SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1), 9223372036854775807::bigint;
