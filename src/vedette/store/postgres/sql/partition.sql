-- Partitions: which there are, and what is moved out of one before it is dropped.

-- name: partitions
SELECT child.relname::text
FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = $1::text::regclass;

-- name: partition_rows
SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint
FROM pg_class WHERE oid = ANY($1::text[]::regclass[]);

-- name: partition_in_flight
-- Somebody sends it at this moment, and will settle it under its number.
SELECT EXISTS (
  SELECT 1 FROM delivery
  WHERE id >= $1::bigint AND id < $2::bigint AND state = 'due' AND holder IS NOT NULL
    AND due > $3::float8);

-- name: partition_moved
CREATE TEMPORARY TABLE moved (was bigint PRIMARY KEY, becomes bigint NOT NULL) ON COMMIT DROP;

-- name: partition_move_events
-- Events that something still waits for get a number of the present day.
WITH old AS (
  INSERT INTO moved (was, becomes)
  SELECT seq, $3::bigint | nextval('number')
  FROM event
  WHERE seq >= $1::bigint AND seq < $2::bigint
    AND EXISTS (SELECT 1 FROM delivery
                WHERE delivery.event = event.seq AND delivery.state = 'due')
  ORDER BY seq
  RETURNING was, becomes
)
INSERT INTO event (seq, id, type, tenant, account, time, lane, xid)
SELECT old.becomes, id, type, tenant, account, time, lane, xid
FROM old JOIN event ON event.seq = old.was;

-- name: partition_move_payloads
INSERT INTO payload (event, body)
SELECT moved.becomes, payload.body
FROM moved JOIN payload ON payload.event = moved.was
WHERE payload.event >= $1::bigint AND payload.event < $2::bigint;

-- name: partition_move_references
UPDATE delivery SET event = moved.becomes
FROM moved
WHERE delivery.event = moved.was
  AND delivery.event >= $1::bigint AND delivery.event < $2::bigint;

-- name: partition_move_deliveries
-- They keep their turn, and with it their place in the lane.
INSERT INTO delivery
  (id, turn, event, endpoint, account, lane, state, head, holder, due, queued_at, attempt, reason)
SELECT $3::bigint | nextval('number'), turn, event, endpoint, account, lane, state, head, holder,
       due, queued_at, attempt, reason
FROM delivery
WHERE id >= $1::bigint AND id < $2::bigint AND state = 'due'
ORDER BY turn;
