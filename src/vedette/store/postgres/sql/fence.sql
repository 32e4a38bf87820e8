-- Fences: the right to write for a shard.

-- name: fences_standing
-- FOR SHARE: who takes a shard over waits until what its owner writes is written, and what is
-- asked after that sees the new epoch. In the order of their numbers, as everybody locks them.
SELECT id, epoch FROM shard WHERE id = ANY($1::int[]) ORDER BY id FOR SHARE;
