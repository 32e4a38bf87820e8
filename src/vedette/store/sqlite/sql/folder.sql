-- Folders: cursors, gaps, readings and identity keys.

-- name: shard_epoch
SELECT epoch FROM shard WHERE id = :shard;

-- name: commit_ground
-- What a commit is compared with, in one statement: each statement of the writer's
-- thread hands Python's lock to the loop and has to win it back.
SELECT shard.epoch, folder.id,
       EXISTS (SELECT 1 FROM reading WHERE account = :account AND path = :path),
       folder.uid_validity, folder.last_uid, folder.first_uid, folder.modseq, folder.since
FROM (SELECT 1) AS ground
LEFT JOIN shard ON shard.id = :shard
LEFT JOIN folder ON folder.account = :account AND folder.path = :path;

-- name: folder_insert
INSERT INTO folder (account, path, uid_validity, last_uid, first_uid, modseq, since, mailbox_id)
VALUES (:account, :path, :uid_validity, :last_uid, :first_uid, :modseq, :since, :mailbox_id)
RETURNING id;

-- name: folder_move
-- A commit that names no mailbox id keeps the known one, unless the folder was made anew.
UPDATE folder
SET mailbox_id = CASE
      WHEN :mailbox_id IS NULL AND uid_validity = :uid_validity THEN mailbox_id
      ELSE :mailbox_id
    END,
    uid_validity = :uid_validity, last_uid = :last_uid, first_uid = :first_uid,
    modseq = :modseq, since = :since
WHERE id = :id;

-- name: folder_forget
DELETE FROM folder WHERE account = :account AND path = :path;

-- name: folders_of_account
SELECT id, path, uid_validity, last_uid, first_uid, modseq, since, mailbox_id
FROM folder
WHERE account = :account
ORDER BY path;

-- name: gaps_of_account
SELECT gap.folder, gap.uid_validity, gap.uid, gap.tries, gap.due
FROM gap JOIN folder ON folder.id = gap.folder
WHERE folder.account = :account
ORDER BY gap.folder, gap.uid;

-- name: gap_put
INSERT INTO gap (folder, uid, uid_validity, tries, due)
VALUES (:folder, :uid, :uid_validity, :tries, :due)
ON CONFLICT (folder, uid) DO UPDATE
SET uid_validity = excluded.uid_validity, tries = excluded.tries, due = excluded.due;

-- name: gap_close
DELETE FROM gap WHERE folder = :folder AND uid = :uid;

-- name: gaps_drop
DELETE FROM gap WHERE folder = :folder;

-- name: reading_begin
INSERT INTO reading (account, path, uid_validity, uid, starts)
VALUES (:account, :path, :uid_validity, :uid, 1)
ON CONFLICT (account, path, uid_validity, uid) DO UPDATE SET starts = starts + 1
RETURNING starts;

-- name: reading_end
DELETE FROM reading
WHERE account = :account AND path = :path AND uid_validity = :uid_validity AND uid = :uid;

-- name: readings_done
-- What the cursor has passed was read; an open gap still waits, and keeps its count.
DELETE FROM reading
WHERE account = :account AND path = :path
  AND (uid_validity <> :uid_validity
       OR (uid <= :last_uid
           AND NOT EXISTS (SELECT 1 FROM gap
                           WHERE gap.folder = :folder AND gap.uid = reading.uid)));

-- name: readings_forget
DELETE FROM reading WHERE account = :account AND path = :path;

-- name: seen_put
-- A key that is met again lives on from that moment.
INSERT INTO seen (account, key, at) VALUES (:account, :key, :at)
ON CONFLICT (account, key) DO UPDATE SET at = excluded.at;

-- name: seen_has
SELECT 1 FROM seen WHERE account = :account AND key = :key;

-- name: seen_prune
DELETE FROM seen
WHERE (account, key) IN (SELECT account, key FROM seen WHERE at < :before ORDER BY at LIMIT :limit);
