-- Folders: cursors, gaps, readings and identity keys.

-- name: folders_ground
-- What commits are compared with; the rows stay locked, in an order that is everybody's.
SELECT given.n, folder.id,
       EXISTS (SELECT 1 FROM reading
               WHERE reading.account = folder.account AND reading.path = folder.path),
       folder.uid_validity, folder.last_uid, folder.first_uid, folder.modseq, folder.since
FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS given (account, path, n)
JOIN folder ON folder.account = given.account AND folder.path = given.path
ORDER BY folder.account, folder.path
FOR UPDATE OF folder;

-- name: folders_insert
-- Of two writers that make the same folder the second one gets no row back.
INSERT INTO folder (account, path, uid_validity, last_uid, first_uid, modseq, since, mailbox_id)
SELECT account, path, uid_validity, last_uid, first_uid, modseq, since, mailbox_id
FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::float8[], $8::text[])
  AS given (account, path, uid_validity, last_uid, first_uid, modseq, since, mailbox_id)
ORDER BY account COLLATE "C", path
ON CONFLICT (account, path) DO NOTHING
RETURNING id, account, path;

-- name: folders_move
-- A commit that names no mailbox id keeps the known one, unless the folder was made anew.
UPDATE folder
SET mailbox_id = CASE
      WHEN given.mailbox_id IS NULL AND folder.uid_validity = given.uid_validity
      THEN folder.mailbox_id
      ELSE given.mailbox_id
    END,
    uid_validity = given.uid_validity, last_uid = given.last_uid, first_uid = given.first_uid,
    modseq = given.modseq, since = given.since
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::float8[],
            $7::text[])
  AS given (id, uid_validity, last_uid, first_uid, modseq, since, mailbox_id)
WHERE folder.id = given.id;

-- name: folder_forget
DELETE FROM folder WHERE account = $1::text AND path = $2::bytea;

-- name: folders_of_account
SELECT id, path, uid_validity, last_uid, first_uid, modseq, since, mailbox_id
FROM folder
WHERE account = $1::text
ORDER BY path;

-- name: gaps_of_account
SELECT gap.folder, gap.uid_validity, gap.uid, gap.tries, gap.due
FROM gap JOIN folder ON folder.id = gap.folder
WHERE folder.account = $1::text
ORDER BY gap.folder, gap.uid;

-- name: gaps_drop
DELETE FROM gap WHERE folder = ANY($1::bigint[]);

-- name: gaps_put
INSERT INTO gap (folder, uid, uid_validity, tries, due)
SELECT folder, uid, uid_validity, tries, due
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::float8[])
  AS given (folder, uid, uid_validity, tries, due)
ON CONFLICT (folder, uid) DO UPDATE
SET uid_validity = excluded.uid_validity, tries = excluded.tries, due = excluded.due;

-- name: gaps_close
DELETE FROM gap
USING unnest($1::bigint[], $2::bigint[]) AS given (folder, uid)
WHERE gap.folder = given.folder AND gap.uid = given.uid;

-- name: reading_begin
INSERT INTO reading (account, path, uid_validity, uid, starts)
VALUES ($1::text, $2::bytea, $3::bigint, $4::bigint, 1)
ON CONFLICT (account, path, uid_validity, uid) DO UPDATE SET starts = reading.starts + 1
RETURNING starts;

-- name: reading_end
DELETE FROM reading
WHERE account = $1::text AND path = $2::bytea AND uid_validity = $3::bigint AND uid = $4::bigint;

-- name: readings_done
-- What the cursor has passed was read; an open gap still waits, and keeps its count.
DELETE FROM reading
USING unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[])
  AS given (folder, account, path, uid_validity, last_uid)
WHERE reading.account = given.account AND reading.path = given.path
  AND (reading.uid_validity <> given.uid_validity
       OR (reading.uid <= given.last_uid
           AND NOT EXISTS (SELECT 1 FROM gap
                           WHERE gap.folder = given.folder AND gap.uid = reading.uid)));

-- name: readings_forget
DELETE FROM reading WHERE account = $1::text AND path = $2::bytea;

-- name: seen_put
-- A key that is met again lives on from that moment. In order, as everybody locks them.
INSERT INTO seen (account, key, at)
SELECT account, key, at
FROM unnest($1::text[], $2::bytea[], $3::float8[]) AS given (account, key, at)
ORDER BY account COLLATE "C", key
ON CONFLICT (account, key) DO UPDATE SET at = greatest(seen.at, excluded.at);

-- name: seen_met
SELECT seen.account, seen.key
FROM unnest($1::text[], $2::bytea[]) AS given (account, key)
JOIN seen ON seen.account = given.account AND seen.key = given.key;

-- name: seen_has
SELECT key FROM seen WHERE account = $1::text AND key = ANY($2::bytea[]);

-- name: seen_prune
DELETE FROM seen
WHERE (account, key) IN (SELECT account, key FROM seen WHERE at < $1::float8 ORDER BY at LIMIT $2::bigint);
