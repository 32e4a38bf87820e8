-- What was found when folders were held against the ledger.

-- name: day_count_put
-- Of two looks at one day the later one counts, whichever is written last.
INSERT INTO day_count (account, path, day, folder, server, owed, missing, checked_at)
VALUES (:account, :path, :day, :folder, :server, :owed, :missing, :checked_at)
ON CONFLICT (account, path, day) DO UPDATE
SET folder = excluded.folder, server = excluded.server, owed = excluded.owed,
    missing = excluded.missing, checked_at = excluded.checked_at
WHERE day_count.checked_at <= excluded.checked_at;

-- name: day_counts_trim
DELETE FROM day_count WHERE account = :account AND path = :path AND day <= :day;

-- name: day_counts
SELECT path, day, folder, server, owed, missing, checked_at
FROM day_count
WHERE account = :account
ORDER BY path, day;

-- name: day_counts_prune
-- Of folders and accounts that nobody looks at any more.
DELETE FROM day_count
WHERE (account, path, day) IN (
  SELECT account, path, day FROM day_count WHERE checked_at < :before LIMIT :limit);
