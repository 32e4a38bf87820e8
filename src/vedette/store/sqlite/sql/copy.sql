-- All that a state holds, for whoever takes it to another kind of store. Each statement reads one
-- table from end to end, and calls its columns as the other store does.

-- name: copy_counts
SELECT 'folder', count(*) FROM folder
UNION ALL SELECT 'gap', count(*) FROM gap
UNION ALL SELECT 'reading', count(*) FROM reading
UNION ALL SELECT 'seen', count(*) FROM seen
UNION ALL SELECT 'event', count(*) FROM event
UNION ALL SELECT 'payload', count(*) FROM payload
UNION ALL SELECT 'delivery', count(*) FROM delivery
UNION ALL SELECT 'health', count(*) FROM health
UNION ALL SELECT 'day_count', count(*) FROM day_count
UNION ALL SELECT 'endpoint', count(*) FROM endpoint
UNION ALL SELECT 'action', count(*) FROM action
UNION ALL SELECT 'action_key', count(*) FROM action_key
UNION ALL SELECT 'decision', count(*) FROM decision
UNION ALL SELECT 'tally', count(*) FROM tally
UNION ALL SELECT 'guard_switch', count(*) FROM guard_switch
UNION ALL SELECT 'guard_allow', count(*) FROM guard_allow
UNION ALL SELECT 'protection', count(*) FROM protection
UNION ALL SELECT 'ward', count(*) FROM ward
UNION ALL SELECT 'ratchet', count(*) FROM ratchet
UNION ALL SELECT 'guard_key', count(*) FROM guard_key
UNION ALL SELECT 'consent', count(*) FROM consent
UNION ALL SELECT 'audit', count(*) FROM audit
UNION ALL SELECT 'record', count(*) FROM record
UNION ALL SELECT 'record_gone', count(*) FROM record_gone
UNION ALL SELECT 'secret', count(*) FROM secret
UNION ALL SELECT 'data_key', count(*) FROM data_key;

-- name: copy_octets
SELECT coalesce(sum(length(body)), 0) FROM payload;

-- name: copy_days
-- One instant of each day (UTC) on which something is dated.
SELECT min(time) FROM event GROUP BY CAST(time / 86400 AS INTEGER)
UNION ALL SELECT min(queued_at) FROM delivery GROUP BY CAST(queued_at / 86400 AS INTEGER);

-- name: copy_numbers
-- The highest number that each table has given.
SELECT name, seq FROM sqlite_sequence
UNION ALL SELECT 'folder', coalesce(max(id), 0) FROM folder
UNION ALL SELECT 'record', last FROM record_revision;

-- name: copy_uptime
SELECT seconds FROM uptime WHERE id = 0;

-- name: copy_folder
SELECT id, account, path, uid_validity, last_uid, first_uid, modseq, since, mailbox_id FROM folder;

-- name: copy_gap
SELECT folder, uid, uid_validity, tries, due FROM gap;

-- name: copy_reading
SELECT account, path, uid_validity, uid, starts FROM reading;

-- name: copy_seen
SELECT account, key, at FROM seen;

-- name: copy_event
SELECT seq, id, type, tenant, account, time, lane FROM event ORDER BY seq;

-- name: copy_payload
SELECT payload.event, payload.body, event.time
FROM event JOIN payload ON payload.event = event.seq
ORDER BY event.seq;

-- name: copy_delivery
-- Who held what is leased has gone, and it is due at once.
SELECT delivery.id, delivery.id AS turn, delivery.event, delivery.endpoint, delivery.account,
       delivery.lane, delivery.state, delivery.head,
       iif(delivery.leased, min(delivery.due, :now), delivery.due) AS due,
       delivery.queued_at, delivery.attempt, delivery.reason, event.time
FROM delivery JOIN event ON event.seq = delivery.event
ORDER BY delivery.id;

-- name: copy_health
SELECT account, tenant, email, state, since, proof_at, work_at, error_at, error, trouble, lag,
       strikes, credential, stage, stage_since, reply, response_code, held, attempts, retry_at,
       reconnect, resynced
FROM health;

-- name: copy_day_count
SELECT account, path, day, folder, server, owed, missing, checked_at FROM day_count;

-- name: copy_endpoint
SELECT id, disabled_at, disabled_reason, failing_since, failures, delivered_at FROM endpoint;

-- name: copy_action
SELECT seq, id, tenant, account, guard, version, action, kind, target, seen, listed, message,
       folder, uid_validity, uid, result_folder, result_uid_validity, result_uid,
       state, attempts, reason, at, changed, expires
FROM action
ORDER BY seq;

-- name: copy_action_key
SELECT account, key, action, rank FROM action_key;

-- name: copy_decision
SELECT seq, tenant, account, guard, version, folder, uid_validity, uid, message, domain, verdict,
       wanted, score, symbols, why, acted, at
FROM decision
ORDER BY seq;

-- name: copy_tally
SELECT account, guard, day, verdict, acted, count FROM tally;

-- name: copy_guard_switch
SELECT scope, name, is_off, until, reason, actor, at FROM guard_switch;

-- name: copy_guard_allow
SELECT account, guard, domain, at, source, active FROM guard_allow;

-- name: copy_protection
SELECT tenant, guard, pack, mode, lock, version, at, edition FROM protection;

-- name: copy_ward
SELECT tenant, guard, account, base, sight FROM ward;

-- name: copy_ratchet
-- It waits for the other database's clock as long as for the wall's.
SELECT id, tenant, guard, account, what, actor, asked_at, due, due AS clock_due, uptime_due, state,
       decided_at, decided_by
FROM ratchet
ORDER BY id;

-- name: copy_guard_key
SELECT id, salt, digest FROM guard_key;

-- name: copy_consent
SELECT seq, account, version, at, actor, withdrawn_at FROM consent ORDER BY seq;

-- name: copy_audit
SELECT seq, at, actor, what, detail, previous, digest FROM audit ORDER BY seq;

-- name: copy_record
SELECT kind, id, tenant, version, revision, is_counted, created_at, updated_at, expires_at, label,
       folded, body
FROM record;

-- name: copy_record_gone
SELECT kind, id, tenant, revision, at FROM record_gone;

-- name: copy_secret
SELECT kind, id, name, tenant, value FROM secret;

-- name: copy_data_key
SELECT tenant, number, wrapper, wrapped, created_at FROM data_key;
