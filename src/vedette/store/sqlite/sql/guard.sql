-- Guards: decisions, actions and their journal.
--
-- The journal's four queries differ in the column that leads, as those of events do.

-- part: actions
SELECT seq, id, tenant, account, guard, version, action, kind, target, seen, listed, message,
       folder, uid_validity, uid, result_folder, result_uid_validity, result_uid,
       state, attempts, reason, at, changed, expires
FROM action

-- part: decisions
SELECT seq, tenant, account, guard, version, folder, uid_validity, uid, message, domain, verdict,
       wanted, score, symbols, why, acted, at
FROM decision

-- part: in_states
  AND (:every_state OR state IN (SELECT value FROM json_each(:states) AS pattern))

-- part: newest
ORDER BY at DESC, seq DESC
LIMIT :limit;

-- name: action_insert
-- A known id is left alone: a crash between decision and commit decides again, under that id.
INSERT INTO action
  (id, tenant, account, guard, version, action, kind, target, seen, listed, message,
   folder, uid_validity, uid, result_folder, result_uid_validity, result_uid,
   state, attempts, reason, at, changed, expires)
VALUES
  (:id, :tenant, :account, :guard, :version, :action, :kind, :target, :seen, :listed, :message,
   :folder, :uid_validity, :uid, :result_folder, :result_uid_validity, :result_uid,
   :state, :attempts, :reason, :at, :changed, :expires)
ON CONFLICT (id) DO NOTHING
RETURNING seq;

-- name: action_key_put
INSERT INTO action_key (account, key, action, rank) VALUES (:account, :key, :action, :rank)
ON CONFLICT (account, key, action) DO NOTHING;

-- name: action_returned
UPDATE action SET state = 'returned', changed = :now WHERE id = :id AND state = 'done';

-- name: action_state
SELECT state FROM action WHERE id = :id;

-- name: action_move_on
-- Attempts are counted for each step anew; a step that is the last keeps its count.
UPDATE action
SET state = :state, changed = :now,
    attempts = CASE WHEN :state IN ('copied', 'done', 'undoing') THEN 0 ELSE attempts END,
    reason = :reason,
    result_folder = CASE WHEN :placed THEN :folder ELSE result_folder END,
    result_uid_validity = CASE WHEN :placed THEN :uid_validity ELSE result_uid_validity END,
    result_uid = CASE WHEN :placed THEN :uid ELSE result_uid END
WHERE id = :id;

-- name: action_attempted
UPDATE action SET attempts = attempts + 1, reason = :reason, changed = :now
WHERE id = :id AND state IN ('intended', 'copied', 'done', 'undoing')
RETURNING attempts;

-- name: actions_pending
-- use: actions
WHERE account = :account AND state IN ('intended', 'copied', 'undoing')
ORDER BY seq;

-- name: actions_pending_in
-- use: actions
WHERE account = :account AND place = :place AND state IN ('intended', 'copied', 'undoing')
ORDER BY seq;

-- name: actions_expired
-- use: actions
WHERE account = :account AND state = 'done' AND expires IS NOT NULL AND expires < :now
ORDER BY expires, seq
LIMIT :limit;

-- name: actions_about
-- In the order of the key's own index: it stops at the limit, however many are alike.
SELECT action.seq, action.id, action.tenant, action.account, action.guard, action.version,
       action.action, action.kind, action.target, action.seen, action.listed, action.message,
       action.folder, action.uid_validity, action.uid, action.result_folder,
       action.result_uid_validity, action.result_uid, action.state, action.attempts,
       action.reason, action.at, action.changed, action.expires
FROM action_key JOIN action ON action.seq = action_key.action
WHERE action_key.account = :account AND action_key.key = :key
ORDER BY action_key.action DESC
LIMIT :limit;

-- name: action_identity
SELECT key FROM action_key WHERE action = :seq ORDER BY rank;

-- name: journal_by_id
-- use: actions
WHERE id = :id
  AND (:account IS NULL OR account = :account) AND (:tenant IS NULL OR tenant = :tenant)
  AND (:guard IS NULL OR guard = :guard) AND at >= :since AND (at, seq) < (:top, :top_seq)
-- use: in_states
-- use: newest

-- name: journal_of_account
-- use: actions
WHERE account = :account
  AND (:tenant IS NULL OR tenant = :tenant)
  AND (:guard IS NULL OR guard = :guard) AND at >= :since AND (at, seq) < (:top, :top_seq)
-- use: in_states
-- use: newest

-- name: journal_of_tenant
-- use: actions
WHERE tenant = :tenant
  AND (:guard IS NULL OR guard = :guard) AND at >= :since AND (at, seq) < (:top, :top_seq)
-- use: in_states
-- use: newest

-- name: journal_of_guard
-- use: actions
WHERE guard = :guard AND at >= :since AND (at, seq) < (:top, :top_seq)
-- use: in_states
-- use: newest

-- name: journal_of_all
-- use: actions
WHERE at >= :since AND (at, seq) < (:top, :top_seq)
-- use: in_states
-- use: newest

-- name: journal_purge
DELETE FROM action
WHERE seq IN (
  SELECT seq FROM action
  WHERE state IN ('failed', 'gone', 'undone', 'returned', 'expired') AND changed < :before
  ORDER BY changed
  LIMIT :limit);

-- name: decision_put
INSERT INTO decision
  (tenant, account, guard, version, folder, uid_validity, uid, message, domain, verdict, wanted,
   score, symbols, why, acted, at)
VALUES
  (:tenant, :account, :guard, :version, :folder, :uid_validity, :uid, :message, :domain, :verdict,
   :wanted, :score, :symbols, :why, :acted, :at);

-- name: decisions_of_account
-- use: decisions
WHERE account = :account AND (:guard IS NULL OR guard = :guard)
  AND at >= :since AND (at, seq) < (:top, :top_seq)
-- use: newest

-- name: decisions_of_guard
-- use: decisions
WHERE guard = :guard AND at >= :since AND (at, seq) < (:top, :top_seq)
-- use: newest

-- name: decisions_of_all
-- use: decisions
WHERE at >= :since AND (at, seq) < (:top, :top_seq)
-- use: newest

-- name: decisions_purge
DELETE FROM decision
WHERE seq IN (SELECT seq FROM decision WHERE at < :before ORDER BY at LIMIT :limit);

-- name: tally_add
INSERT INTO tally (account, guard, day, verdict, acted, count)
VALUES (:account, :guard, :day, :verdict, :acted, :count)
ON CONFLICT (account, guard, day, verdict, acted) DO UPDATE SET count = count + excluded.count;

-- name: tallies_of_account
SELECT account, guard, day, verdict, acted, count
FROM tally
WHERE account = :account AND (:guard IS NULL OR guard = :guard) AND day >= :since
ORDER BY day, account, guard, verdict, acted;

-- name: tallies_of_guard
SELECT account, guard, day, verdict, acted, count
FROM tally
WHERE guard = :guard AND day >= :since
ORDER BY day, account, guard, verdict, acted;

-- name: tallies_of_all
SELECT account, guard, day, verdict, acted, count
FROM tally
WHERE day >= :since
ORDER BY day, account, guard, verdict, acted;

-- name: fingerprint
SELECT salt, digest FROM guard_key WHERE id = 0;

-- name: imprint
INSERT INTO guard_key (id, salt, digest) VALUES (0, :salt, :digest) ON CONFLICT (id) DO NOTHING;
