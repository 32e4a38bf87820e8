-- Deliveries: lanes, queue, claim, settle.

-- name: lanes_more
-- Count what is queued; the rows stay locked, in an order that is everybody's.
INSERT INTO lane (endpoint, account, lane, waiting)
SELECT endpoint, account, lane, more
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[])
  AS given (endpoint, account, lane, more)
ORDER BY endpoint COLLATE "C", account COLLATE "C", lane
ON CONFLICT (endpoint, account, lane) DO UPDATE SET waiting = lane.waiting + excluded.waiting
RETURNING endpoint, account, lane, waiting;

-- name: lanes_lock
-- Those of deliveries that are about to be settled.
SELECT lane.waiting
FROM lane
WHERE (lane.endpoint, lane.account, lane.lane) IN (
  SELECT endpoint, account, lane FROM delivery WHERE id = ANY($1::bigint[]) AND state = 'due')
ORDER BY lane.endpoint, lane.account, lane.lane
FOR UPDATE OF lane;

-- name: lanes_less
UPDATE lane SET waiting = lane.waiting - given.less
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[])
  AS given (endpoint, account, lane, less)
WHERE lane.endpoint = given.endpoint AND lane.account = given.account AND lane.lane = given.lane
RETURNING lane.endpoint, lane.account, lane.lane, lane.waiting;

-- name: lanes_promote
-- The next of a lane becomes its head.
UPDATE delivery SET head = true
FROM (
  SELECT (SELECT delivery.id FROM delivery
          WHERE delivery.endpoint = given.endpoint AND delivery.account = given.account
            AND delivery.lane = given.lane AND delivery.state = 'due'
          ORDER BY delivery.turn LIMIT 1) AS id
  FROM unnest($1::text[], $2::text[], $3::bytea[]) AS given (endpoint, account, lane)
) AS next
WHERE delivery.id = next.id;

-- name: lanes_prune
-- What stood in a lane is gone, and somebody may be about to use it: he makes it anew.
-- A round looks at so many lanes behind the last of the round before, whatever it finds.
WITH looked AS MATERIALIZED (
  SELECT endpoint, account, lane FROM lane
  WHERE (endpoint, account, lane) > ($1::text, $2::text, $3::bytea)
  ORDER BY endpoint, account, lane
  LIMIT $4::bigint
), empty AS (
  SELECT lane.endpoint, lane.account, lane.lane
  FROM looked JOIN lane USING (endpoint, account, lane)
  WHERE lane.waiting = 0 AND NOT EXISTS (
    SELECT 1 FROM folder WHERE folder.account = lane.account AND folder.path = lane.lane)
  ORDER BY lane.endpoint, lane.account, lane.lane
  FOR UPDATE OF lane SKIP LOCKED
), gone AS (
  DELETE FROM lane WHERE (endpoint, account, lane) IN (SELECT * FROM empty)
)
SELECT endpoint, account, lane, (SELECT count(*) FROM looked)
FROM looked ORDER BY endpoint DESC, account DESC, lane DESC LIMIT 1;

-- name: deliveries_queue
INSERT INTO delivery
  (id, turn, event, endpoint, account, lane, state, head, holder, due, queued_at, attempt, reason)
SELECT id, turn, event, endpoint, account, lane, 'due', head, holder, due, queued_at, 0, ''
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[],
            $7::boolean[], $8::text[], $9::float8[], $10::float8[])
  AS given (id, turn, event, endpoint, account, lane, head, holder, due, queued_at);

-- name: numbers
SELECT nextval('number') FROM generate_series(1, $1::int);

-- name: deliveries_due
-- A row that another instance is claiming at this moment is its own.
SELECT id, event, lane, attempt, queued_at
FROM delivery
WHERE endpoint = $1::text AND state = 'due' AND due <= $2::float8
ORDER BY due, turn
LIMIT $3::bigint
FOR UPDATE SKIP LOCKED;

-- name: deliveries_due_in_order
SELECT id, event, lane, attempt, queued_at
FROM delivery
WHERE endpoint = $1::text AND state = 'due' AND head AND due <= $2::float8
ORDER BY due, turn
LIMIT $3::bigint
FOR UPDATE SKIP LOCKED;

-- name: deliveries_lease
UPDATE delivery SET holder = $2::text, due = $3::float8 WHERE id = ANY($1::bigint[]);

-- name: deliveries_release
-- Who held these is gone, or has come back without knowing of them.
UPDATE delivery SET holder = NULL, due = least(due, $2::float8)
WHERE state = 'due' AND holder = $1::text;

-- name: deliveries_redate
-- The clock was set while these waited; they wait as long as they were meant to.
UPDATE delivery SET due = due + $2::float8
WHERE endpoint = ANY($1::text[]) AND state = 'due' AND due > $3::float8;

-- name: redating_put
-- Nothing comes back where another has just made the same step: a minute by the database's clock,
-- as each looks at its own clock every few seconds, and two seconds, as they look at other moments.
INSERT INTO redating (id, instance, seconds, at) VALUES (0, $1::text, $2::float8, now())
ON CONFLICT (id) DO UPDATE
SET instance = excluded.instance, seconds = excluded.seconds, at = excluded.at
WHERE redating.instance = excluded.instance
   OR redating.at < now() - interval '1 minute'
   OR abs(redating.seconds - excluded.seconds) > 2
RETURNING true;

-- name: deliveries_redate_all
UPDATE delivery SET due = due + $1::float8 WHERE state = 'due' AND due > $2::float8;

-- name: clock_shown
SELECT at FROM clock WHERE instance = $1::text;

-- name: clock_read
INSERT INTO clock (instance, at) VALUES ($1::text, $2::float8)
ON CONFLICT (instance) DO UPDATE SET at = excluded.at;

-- name: delivery_next
SELECT due FROM delivery WHERE endpoint = $1::text AND state = 'due' ORDER BY due LIMIT 1;

-- name: delivery_next_in_order
SELECT due FROM delivery WHERE endpoint = $1::text AND state = 'due' AND head ORDER BY due LIMIT 1;

-- name: delivery_waiting
-- The oldest of all is the first of its lane, and an index holds the first ones; the other count
-- reads an index alone, and ends.
SELECT (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = 'due' LIMIT $1) AS waiting),
       (SELECT min(queued_at) FROM delivery WHERE state = 'due' AND head);

-- name: deliveries_settle
-- A settled row stays settled, and an older attempt never overwrites a younger one:
-- after an outlived lease two workers may hold the same parcel. Success always counts.
UPDATE delivery
SET state = given.state, holder = NULL, due = given.due, attempt = given.attempt,
    reason = given.reason
FROM unnest($1::bigint[], $2::text[], $3::float8[], $4::int[], $5::text[])
  AS given (id, state, due, attempt, reason)
WHERE delivery.id = ANY($1::bigint[]) AND delivery.id = given.id AND delivery.state = 'due'
  AND (given.state = 'delivered' OR delivery.attempt <= given.attempt)
RETURNING delivery.endpoint, delivery.account, delivery.lane, delivery.head, delivery.state;

-- name: deliveries_orphaned
-- Who held these has not been heard of for long, by the database's clock: they need not wait for
-- the end of what he claimed.
UPDATE delivery SET holder = NULL, due = least(due, $1::float8)
WHERE state = 'due' AND holder IN (
  SELECT id FROM instance WHERE heartbeat < now() - make_interval(secs => $2::float8));

-- name: endpoints_overdue
-- The endpoints that something is due at and nobody holds, one look into the index for each.
WITH RECURSIVE waited AS (
  (SELECT endpoint FROM delivery WHERE state = 'due' ORDER BY endpoint LIMIT 1)
  UNION ALL
  SELECT (SELECT delivery.endpoint FROM delivery
          WHERE delivery.state = 'due' AND delivery.endpoint > waited.endpoint
          ORDER BY delivery.endpoint LIMIT 1)
  FROM waited WHERE waited.endpoint IS NOT NULL
)
SELECT endpoint FROM waited
WHERE endpoint IS NOT NULL AND EXISTS (
  SELECT 1 FROM delivery
  WHERE delivery.endpoint = waited.endpoint AND delivery.state = 'due'
    AND delivery.due <= $1::float8);

-- name: instance_is_alone
-- By the database's clock: nobody else has said in the last 15 seconds that he is there.
SELECT NOT EXISTS (
  SELECT 1 FROM instance
  WHERE id <> $1::text AND heartbeat > now() - interval '15 seconds');

-- name: database_started
SELECT extract(epoch FROM pg_postmaster_start_time())::float8;
