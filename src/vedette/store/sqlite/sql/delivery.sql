-- Deliveries: queue, claim, settle.

-- name: delivery_insert
INSERT INTO delivery
  -- With `until`, somebody takes it at once: it is claimed as it is queued, if it may go.
  (event, endpoint, account, lane, state, head, leased, due, queued_at, attempt, reason)
SELECT :event, :endpoint, :account, :lane, 'due', head, taken, iif(taken, :until, :due), :due, 0, ''
FROM (SELECT head, :until IS NOT NULL AND (head OR NOT :ordered) AS taken
      FROM (SELECT NOT EXISTS (SELECT 1 FROM delivery
                               WHERE endpoint = :endpoint AND account = :account
                                 AND lane = :lane AND state = 'due') AS head) AS ground
     ) AS ground
RETURNING id, leased;

-- name: delivery_unsettled
SELECT id, leased AND due > :now
FROM delivery
WHERE event = :event AND endpoint = :endpoint AND state = 'due';

-- name: delivery_queued_at
SELECT 1 FROM delivery WHERE event = :event AND endpoint = :endpoint AND queued_at = :now;

-- name: delivery_restart
-- A replay of what still waits: due at once, with the whole schedule before it again.
UPDATE delivery SET leased = 0, due = min(due, :now), attempt = 0 WHERE id = :id;

-- name: deliveries_due
SELECT delivery.id, event.id, event.type, delivery.lane, payload.body,
       delivery.attempt, delivery.queued_at
FROM delivery
JOIN event ON event.seq = delivery.event
JOIN payload ON payload.event = delivery.event
WHERE delivery.endpoint = :endpoint AND delivery.state = 'due' AND delivery.due <= :now
ORDER BY delivery.due, delivery.id
LIMIT :limit;

-- name: deliveries_due_in_order
SELECT delivery.id, event.id, event.type, delivery.lane, payload.body,
       delivery.attempt, delivery.queued_at
FROM delivery
JOIN event ON event.seq = delivery.event
JOIN payload ON payload.event = delivery.event
WHERE delivery.endpoint = :endpoint AND delivery.state = 'due' AND delivery.head = 1
  AND delivery.due <= :now
ORDER BY delivery.due, delivery.id
LIMIT :limit;

-- name: delivery_lease
UPDATE delivery SET leased = 1, due = :until WHERE id = :id;

-- name: deliveries_release
-- Who held these is gone: the state has one owner, and a new one has just begun.
UPDATE delivery SET leased = 0, due = :now WHERE state = 'due' AND leased = 1 AND due > :now;

-- name: deliveries_redate
-- The clock was set while these waited; they wait as long as they were meant to.
UPDATE delivery SET due = due + :seconds
WHERE endpoint = :endpoint AND state = 'due' AND due > :now;

-- name: delivery_endpoint_after
-- The next endpoint that something waits for, by name.
SELECT min(endpoint) FROM delivery WHERE state = 'due' AND endpoint > :endpoint;

-- name: clock_shown
SELECT at FROM clock WHERE id = 0;

-- name: clock_read
INSERT INTO clock (id, at) VALUES (0, :now) ON CONFLICT (id) DO UPDATE SET at = excluded.at;

-- name: delivery_next
SELECT min(due) FROM delivery WHERE endpoint = :endpoint AND state = 'due';

-- name: delivery_next_in_order
SELECT min(due) FROM delivery WHERE endpoint = :endpoint AND state = 'due' AND head = 1;

-- name: delivery_waiting
-- The oldest of all is the first of its lane, and an index holds the first ones; the other count
-- reads an index alone, and ends.
SELECT (SELECT count(*)
        FROM (SELECT 1 FROM delivery WHERE state = 'due' AND endpoint >= '' LIMIT :counted)),
       (SELECT min(queued_at) FROM delivery WHERE state = 'due' AND head = 1 AND endpoint >= '');

-- name: delivery_settle
-- A settled row stays settled, and an older attempt never overwrites a younger one:
-- after an outlived lease two workers may hold the same parcel. Success always counts.
UPDATE delivery
SET state = :state, leased = 0, due = :due, attempt = :attempt, reason = :reason
WHERE id = :id AND state = 'due' AND (:state = 'delivered' OR attempt <= :attempt)
RETURNING event, endpoint, account, lane, head;

-- name: delivery_promote
-- The next of the lane becomes its head.
UPDATE delivery SET head = 1
WHERE id = (SELECT min(id) FROM delivery
            WHERE endpoint = :endpoint AND account = :account AND lane = :lane AND state = 'due');

-- name: deliveries_prune
-- Only events without unsettled deliveries come here.
DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE event = :event LIMIT :limit);
