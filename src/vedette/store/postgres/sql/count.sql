-- What was found when folders were held against the ledger.

-- name: day_count_put
-- Of two looks at one day the later one counts, whichever is written last.
INSERT INTO day_count (account, path, day, folder, server, owed, missing, checked_at)
VALUES ($1::text, $2::bytea, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::float8)
ON CONFLICT (account, path, day) DO UPDATE
SET folder = excluded.folder, server = excluded.server, owed = excluded.owed,
    missing = excluded.missing, checked_at = excluded.checked_at
WHERE day_count.checked_at <= excluded.checked_at;

-- name: day_counts_trim
DELETE FROM day_count WHERE account = $1::text AND path = $2::bytea AND day <= $3::text;

-- name: day_counts
SELECT path, day, folder, server, owed, missing, checked_at
FROM day_count
WHERE account = $1::text
ORDER BY path, day;

-- name: day_counts_prune
-- Of folders and accounts that nobody looks at any more.
DELETE FROM day_count
WHERE (account, path, day) IN (
  SELECT account, path, day FROM day_count WHERE checked_at < $1::float8 LIMIT $2::bigint);
