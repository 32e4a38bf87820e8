-- Guards: decisions, actions and their journal.
--
-- The journal's queries differ in the column that leads, as those of events do.

-- part: columns
SELECT seq, id, tenant, account, guard, version, action, kind, target, seen, listed, message,
       folder, uid_validity, uid, result_folder, result_uid_validity, result_uid,
       state, attempts, reason, at, changed, expires,
       ARRAY(SELECT key FROM action_key WHERE action_key.action = seq ORDER BY rank) AS identity
FROM action

-- part: decisions
SELECT seq, tenant, account, guard, version, folder, uid_validity, uid, message, domain, verdict,
       wanted, score, symbols, why, acted, at
FROM decision

-- name: actions_alike
-- For each key the numbers of its newest actions. In the order of the key's own index: it stops at
-- the limit, however many are alike.
SELECT wanted.n, newest.action
FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS wanted (account, key, n)
CROSS JOIN LATERAL (
  SELECT action FROM action_key
  WHERE action_key.account = wanted.account AND action_key.key = wanted.key
  ORDER BY action DESC
  LIMIT $3::bigint) AS newest;

-- name: actions_by_number
-- use: columns
WHERE seq = ANY($1::bigint[])
ORDER BY seq DESC;

-- name: actions_insert
-- A known id is left alone: a crash between decision and commit decides again, under that id.
INSERT INTO action
  (id, tenant, account, guard, version, action, kind, target, seen, listed, message,
   folder, uid_validity, uid, result_folder, result_uid_validity, result_uid,
   state, attempts, reason, at, changed, expires)
SELECT id, tenant, account, guard, version, action, kind, target, seen, listed, message,
       folder, uid_validity, uid, result_folder, result_uid_validity, result_uid,
       state, attempts, reason, at, changed, expires
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::boolean[], $10::boolean[], $11::bytea[],
            $12::bytea[], $13::bigint[], $14::bigint[], $15::bytea[], $16::bigint[], $17::bigint[],
            $18::text[], $19::int[], $20::text[], $21::float8[], $22::float8[], $23::float8[])
  WITH ORDINALITY AS given
  (id, tenant, account, guard, version, action, kind, target, seen, listed, message,
   folder, uid_validity, uid, result_folder, result_uid_validity, result_uid,
   state, attempts, reason, at, changed, expires, n)
ORDER BY n
ON CONFLICT (id) DO NOTHING
RETURNING id, seq;

-- name: action_keys_insert
INSERT INTO action_key (account, key, action, rank)
SELECT account, key, action, rank
FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::int[]) AS given (account, key, action, rank)
ON CONFLICT (account, key, action) DO NOTHING;

-- name: actions_returned
UPDATE action SET state = 'returned', changed = given.at
FROM unnest($1::text[], $2::float8[]) AS given (id, at)
WHERE action.id = given.id AND state = 'done';

-- name: action_move_on
-- Only from a state that may come before. Attempts are counted for each step anew; a step that is
-- the last keeps its count.
UPDATE action
SET state = $2::text, changed = $3::float8,
    attempts = CASE WHEN $2::text IN ('copied', 'done', 'undoing') THEN 0 ELSE attempts END,
    reason = $4::text,
    result_folder = CASE WHEN $6::boolean THEN $7::bytea ELSE result_folder END,
    result_uid_validity = CASE WHEN $6::boolean THEN $8::bigint ELSE result_uid_validity END,
    result_uid = CASE WHEN $6::boolean THEN $9::bigint ELSE result_uid END
WHERE id = $1::text AND state = ANY($5::text[])
RETURNING seq;

-- name: action_attempted
UPDATE action SET attempts = attempts + 1, reason = $2::text, changed = $3::float8
WHERE id = $1::text AND state IN ('intended', 'copied', 'done', 'undoing')
RETURNING attempts;

-- name: actions_pending
-- use: columns
WHERE account = $1::text AND state IN ('intended', 'copied', 'undoing')
ORDER BY seq;

-- name: actions_pending_in
-- The expression is that of the index.
-- use: columns
WHERE account = $1::text
  AND (CASE state WHEN 'undoing' THEN coalesce(result_folder, folder) ELSE folder END) = $2::bytea
  AND state IN ('intended', 'copied', 'undoing')
ORDER BY seq;

-- name: actions_expired
-- use: columns
WHERE account = $1::text AND state = 'done' AND expires IS NOT NULL AND expires < $2::float8
ORDER BY expires, seq
LIMIT $3::bigint;

-- name: journal_by_id
-- use: columns
WHERE id = $1::text
  AND ($2::text IS NULL OR account = $2::text) AND ($3::text IS NULL OR tenant = $3::text)
  AND ($4::text IS NULL OR guard = $4::text) AND at >= $5::float8
  AND (at, seq) < ($6::float8, $7::bigint)
  AND ($8::text[] = '{}' OR state = ANY($8::text[]))
ORDER BY at DESC, seq DESC
LIMIT $9::bigint;

-- name: journal_of_account
-- use: columns
WHERE account = $1::text
  AND ($2::text IS NULL OR tenant = $2::text)
  AND ($3::text IS NULL OR guard = $3::text) AND at >= $4::float8
  AND (at, seq) < ($5::float8, $6::bigint)
  AND ($7::text[] = '{}' OR state = ANY($7::text[]))
ORDER BY at DESC, seq DESC
LIMIT $8::bigint;

-- name: journal_of_tenant
-- use: columns
WHERE tenant = $1::text
  AND ($2::text IS NULL OR guard = $2::text) AND at >= $3::float8
  AND (at, seq) < ($4::float8, $5::bigint)
  AND ($6::text[] = '{}' OR state = ANY($6::text[]))
ORDER BY at DESC, seq DESC
LIMIT $7::bigint;

-- name: journal_of_guard
-- use: columns
WHERE guard = $1::text AND at >= $2::float8
  AND (at, seq) < ($3::float8, $4::bigint)
  AND ($5::text[] = '{}' OR state = ANY($5::text[]))
ORDER BY at DESC, seq DESC
LIMIT $6::bigint;

-- name: journal_of_all
-- use: columns
WHERE at >= $1::float8
  AND (at, seq) < ($2::float8, $3::bigint)
  AND ($4::text[] = '{}' OR state = ANY($4::text[]))
ORDER BY at DESC, seq DESC
LIMIT $5::bigint;

-- name: journal_purge
-- What another instance forgets at this moment is left to it.
DELETE FROM action
WHERE seq = ANY(ARRAY(
  SELECT seq FROM action
  WHERE state IN ('failed', 'gone', 'undone', 'returned', 'expired') AND changed < $1::float8
  ORDER BY changed
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED));

-- name: decisions_insert
INSERT INTO decision
  (tenant, account, guard, version, folder, uid_validity, uid, message, domain, verdict, wanted,
   score, symbols, why, acted, at)
SELECT tenant, account, guard, version, folder, uid_validity, uid, message, domain, verdict, wanted,
       score, symbols, why, acted, at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::bigint[],
            $8::bytea[], $9::text[], $10::text[], $11::text[], $12::float8[], $13::text[],
            $14::text[], $15::text[], $16::float8[])
  WITH ORDINALITY AS given
  (tenant, account, guard, version, folder, uid_validity, uid, message, domain, verdict, wanted,
   score, symbols, why, acted, at, n)
ORDER BY n;

-- name: decisions_of_account
-- use: decisions
WHERE account = $1::text AND ($2::text IS NULL OR guard = $2::text) AND at >= $3::float8
  AND (at, seq) < ($4::float8, $5::bigint)
ORDER BY at DESC, seq DESC
LIMIT $6::bigint;

-- name: decisions_of_guard
-- use: decisions
WHERE guard = $1::text AND at >= $2::float8
  AND (at, seq) < ($3::float8, $4::bigint)
ORDER BY at DESC, seq DESC
LIMIT $5::bigint;

-- name: decisions_of_all
-- use: decisions
WHERE at >= $1::float8
  AND (at, seq) < ($2::float8, $3::bigint)
ORDER BY at DESC, seq DESC
LIMIT $4::bigint;

-- name: decisions_purge
-- What another instance deletes at this moment is left to it.
DELETE FROM decision
WHERE seq = ANY(ARRAY(
  SELECT seq FROM decision WHERE at < $1::float8
  ORDER BY at
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED));

-- name: tallies_add
-- In the order of their keys, so that no two instances wait for each other.
INSERT INTO tally (account, guard, day, verdict, acted, count)
SELECT account, guard, day, verdict, acted, count
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
  WITH ORDINALITY AS given (account, guard, day, verdict, acted, count, n)
ORDER BY n
ON CONFLICT (account, guard, day, verdict, acted)
DO UPDATE SET count = tally.count + excluded.count;

-- name: tallies_of_account
SELECT account, guard, day, verdict, acted, count
FROM tally
WHERE account = $1::text AND ($2::text IS NULL OR guard = $2::text) AND day >= $3::text
ORDER BY day, account, guard, verdict, acted;

-- name: tallies_of_guard
SELECT account, guard, day, verdict, acted, count
FROM tally
WHERE guard = $1::text AND day >= $2::text
ORDER BY day, account, guard, verdict, acted;

-- name: tallies_of_all
SELECT account, guard, day, verdict, acted, count
FROM tally
WHERE day >= $1::text
ORDER BY day, account, guard, verdict, acted;

-- name: fingerprint
SELECT salt, digest FROM guard_key WHERE id = 0;

-- name: imprint
-- Of two at the same time the second waits here for the first, and finds its row by a later
-- statement.
INSERT INTO guard_key (id, salt, digest) VALUES (0, $1::bytea, $2::bytea)
ON CONFLICT (id) DO NOTHING;
