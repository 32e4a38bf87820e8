-- Ownership: who is there, and whose the shards are. Every age is judged by this database's clock,
-- at the beginning of the transaction: one that had to wait calls nobody dead too early.

-- name: ownership_rows
-- Shard -1 is of what belongs to no mailbox; it is nobody's, in epoch 0, for ever.
INSERT INTO shard (id) SELECT generate_series(-1, $1::int - 1) ON CONFLICT (id) DO NOTHING;

-- name: ownership_beat
-- A heartbeat that a crash of the database undoes was none: nobody waits for its disk.
INSERT INTO instance (id, heartbeat, weight, state, address)
VALUES ($1::text, now(), $2::int, $3::text, $4::text)
ON CONFLICT (id) DO UPDATE
SET heartbeat = excluded.heartbeat, weight = excluded.weight, state = excluded.state,
    address = excluded.address;

-- name: ownership_forget
DELETE FROM instance WHERE heartbeat < now() - make_interval(secs => $1::float8);

-- name: ownership_instances
SELECT id, weight, state, heartbeat > now() - make_interval(secs => $1::float8) AS alive
FROM instance ORDER BY id;

-- name: ownership_shards
-- Those of the one who asks, nobody's, and those of whom nothing was heard for a lifetime.
SELECT id, owner, epoch FROM shard
WHERE id >= 0 AND (owner IS NULL OR owner = $1::text OR owner NOT IN (
  SELECT id FROM instance WHERE heartbeat > now() - make_interval(secs => $2::float8)
));

-- name: ownership_claim
-- In the order in which commits lock them. One that a commit holds, whose owner stands still in
-- the middle of it, is left for the next look: the others must not wait for it.
WITH alive AS (
  SELECT id FROM instance WHERE heartbeat > now() - make_interval(secs => $4::float8)
), wanted AS (
  SELECT shard.id, asked.epoch
  FROM shard JOIN unnest($2::int[], $3::bigint[]) AS asked (id, epoch) ON asked.id = shard.id
  ORDER BY shard.id FOR NO KEY UPDATE OF shard SKIP LOCKED
)
UPDATE shard SET owner = $1::text, epoch = shard.epoch + 1
FROM wanted
WHERE shard.id = wanted.id AND shard.epoch = wanted.epoch
  AND (shard.owner IS NULL OR shard.owner = $1::text OR shard.owner NOT IN (SELECT id FROM alive))
  AND $1::text IN (SELECT id FROM alive)
RETURNING shard.id, shard.epoch;

-- name: ownership_release
WITH held AS (
  SELECT shard.id
  FROM shard JOIN unnest($2::int[], $3::bigint[]) AS given (id, epoch)
    ON given.id = shard.id AND given.epoch = shard.epoch
  WHERE shard.owner = $1::text
  ORDER BY shard.id FOR NO KEY UPDATE OF shard
)
UPDATE shard SET owner = NULL FROM held WHERE shard.id = held.id AND shard.owner = $1::text;

-- name: ownership_leave
WITH gone AS (DELETE FROM instance WHERE id = $1::text)
UPDATE shard SET owner = NULL WHERE owner = $1::text;

-- name: ownership_owner
-- Of an owner that has been forgotten the name is left.
SELECT shard.owner, coalesce(instance.address, ''),
       coalesce(instance.heartbeat > now() - make_interval(secs => $2::float8), false)
FROM shard LEFT JOIN instance ON instance.id = shard.owner
WHERE shard.id = $1::int;

-- name: ownership_holds
SELECT EXISTS (SELECT FROM shard WHERE id = $2::int AND owner = $1::text AND epoch = $3::bigint)
  AND EXISTS (
    SELECT FROM instance
    WHERE id = $1::text AND heartbeat > now() - make_interval(secs => $4::float8)
  );
