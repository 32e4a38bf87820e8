-- Events: what was committed, and its history.
--
-- The four queries, and the looks, differ in the column that leads, so that each walks one index
-- from one end and stops at the limit; an end is a time and a number. A type pattern is compared
-- by hand: GLOB and LIKE give a meaning to more characters than the final `*`.

-- part: events
SELECT seq, id, type, tenant, account, time, lane
FROM event

-- part: of_types
-- What begins with `canary.` is for who names it: neither no pattern at all nor `*` does.
  AND ((:every_type AND substr(event.type, 1, 7) <> 'canary.') OR EXISTS (
    SELECT 1 FROM json_each(:types) AS pattern
    WHERE event.type = pattern.value
       OR (substr(pattern.value, -1) = '*'
           AND (pattern.value <> '*' OR substr(event.type, 1, 7) <> 'canary.')
           AND substr(event.type, 1, length(pattern.value) - 1)
             = substr(pattern.value, 1, length(pattern.value) - 1))))

-- part: within
  AND (time, seq) >= (:first_time, :first_seq) AND (time, seq) <= (:last_time, :last_seq)

-- part: newest
ORDER BY time DESC, seq DESC
LIMIT :limit;

-- part: looks
SELECT time, seq, (true
-- use: of_types
  )
FROM event

-- name: event_insert
-- A known id is left alone: the row comes back only for an event that is really new.
INSERT INTO event (id, type, tenant, account, time, lane, unsettled)
VALUES (:id, :type, :tenant, :account, :time, :lane, :unsettled)
ON CONFLICT (id) DO NOTHING
RETURNING seq;

-- name: payload_insert
INSERT INTO payload (event, body) VALUES (:event, :body);

-- name: event_settled
UPDATE event SET unsettled = unsettled - 1 WHERE seq = :seq;

-- name: event_requeued
UPDATE event SET unsettled = unsettled + 1 WHERE seq = :seq;

-- name: events_by_id
-- use: events
WHERE id = :event
  AND (:tenant IS NULL OR tenant = :tenant)
  AND (:account IS NULL OR account = :account)
-- use: within
-- use: of_types
-- use: newest

-- name: events_of_account
-- use: events
WHERE account = :account
  AND (:tenant IS NULL OR tenant = :tenant)
-- use: within
-- use: of_types
-- use: newest

-- name: events_of_tenant
-- use: events
WHERE tenant = :tenant
-- use: within
-- use: of_types
-- use: newest

-- name: events_of_all
-- use: events
WHERE true
-- use: within
-- use: of_types
-- use: newest

-- What is of another type than is asked for counts as looked at, so that a look has an end.

-- name: look_at_newest_of_account
-- use: looks
WHERE account = :account
  AND (:tenant IS NULL OR tenant = :tenant)
-- use: within
ORDER BY time DESC, seq DESC
LIMIT :looked;

-- name: look_at_oldest_of_account
-- use: looks
WHERE account = :account
  AND (:tenant IS NULL OR tenant = :tenant)
-- use: within
ORDER BY time, seq
LIMIT :looked;

-- name: look_at_newest_of_tenant
-- use: looks
WHERE tenant = :tenant
-- use: within
ORDER BY time DESC, seq DESC
LIMIT :looked;

-- name: look_at_oldest_of_tenant
-- use: looks
WHERE tenant = :tenant
-- use: within
ORDER BY time, seq
LIMIT :looked;

-- name: look_at_newest_of_all
-- use: looks
WHERE true
-- use: within
ORDER BY time DESC, seq DESC
LIMIT :looked;

-- name: look_at_oldest_of_all
-- use: looks
WHERE true
-- use: within
ORDER BY time, seq
LIMIT :looked;

-- name: event_outcome
SELECT
  (SELECT body FROM payload WHERE event = :seq),
  (SELECT count(*) FROM delivery WHERE event = :seq AND state = 'due'),
  (SELECT count(*) FROM delivery WHERE event = :seq AND state = 'delivered'),
  (SELECT count(*) FROM delivery WHERE event = :seq AND state = 'failed');

-- name: events_prunable
SELECT seq FROM event WHERE unsettled = 0 AND time < :before ORDER BY time LIMIT :limit;

-- name: event_delete
DELETE FROM event WHERE seq = :seq;

-- name: tail
-- Numbers are given in the order of the commits: there is one writer.
SELECT 0, seq, id, type, tenant, account, time FROM event
WHERE seq > :after
ORDER BY seq
LIMIT :looked;

-- name: tail_size
SELECT length(body) FROM payload WHERE event = :seq;

-- name: tail_body
SELECT body FROM payload WHERE event = :seq;

-- name: tail_end
-- The number of the last event that ever was, deleted since or not.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0);

-- name: event_has
SELECT 1 FROM event WHERE id = :id;

-- The three queries for deliveries differ in what they walk: the backlog, the dead letters, or
-- events from their newest end. The first two are as long as what waits, or has failed.

-- part: deliveries
SELECT delivery.id, delivery.endpoint, event.id, event.type, event.tenant, event.account,
       event.time, delivery.state, delivery.leased, delivery.attempt, delivery.queued_at,
       delivery.due, delivery.reason

-- part: of_whom
  AND (:event IS NULL OR event.id = :event)
  AND (:tenant IS NULL OR event.tenant = :tenant)
  AND (:account IS NULL OR event.account = :account)
  AND event.time >= :start AND event.time < :end

-- part: newest_of_all
ORDER BY event.time DESC, event.seq DESC, delivery.id DESC
LIMIT :limit;

-- name: list_waiting
-- use: deliveries
FROM delivery JOIN event ON event.seq = delivery.event
WHERE delivery.state = 'due' AND (:endpoint IS NULL OR delivery.endpoint = :endpoint)
-- use: of_whom
-- use: of_types
-- use: newest_of_all

-- name: list_dead
-- use: deliveries
FROM delivery JOIN event ON event.seq = delivery.event
WHERE delivery.state = 'failed' AND (:endpoint IS NULL OR delivery.endpoint = :endpoint)
-- use: of_whom
-- use: of_types
-- use: newest_of_all

-- name: list_any
-- use: deliveries
FROM event CROSS JOIN delivery ON delivery.event = event.seq
WHERE (:state IS NULL OR delivery.state = :state)
  AND (:endpoint IS NULL OR delivery.endpoint = :endpoint)
-- use: of_whom
-- use: of_types
-- use: newest_of_all

-- name: dead_letters
SELECT event.seq, event.account, event.lane
FROM delivery JOIN event ON event.seq = delivery.event
WHERE delivery.state = 'failed' AND delivery.endpoint = :endpoint
-- use: of_whom
-- use: of_types
ORDER BY delivery.id
LIMIT :limit;

-- name: dead_letter_drop
-- It makes way for a new delivery of the same event.
DELETE FROM delivery WHERE event = :event AND endpoint = :endpoint AND state = 'failed';
