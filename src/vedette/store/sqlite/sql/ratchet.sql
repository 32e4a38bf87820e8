-- The ratchet, consents, and the audit of both.

-- name: uptime_add
UPDATE uptime SET seconds = seconds + :seconds WHERE id = 0 RETURNING seconds;

-- name: change_alike
SELECT ratchet.id, tenant, guard, account, what, actor, asked_at, due,
       max(uptime_due - seconds, 0.0), state, decided_at, decided_by
FROM ratchet JOIN uptime ON uptime.id = 0
WHERE tenant = :tenant AND guard = :guard AND account IS :account AND what = :what
  AND state IN ('waiting', 'granted');

-- name: change_put
INSERT INTO ratchet
  (tenant, guard, account, what, actor, asked_at, due, uptime_due, state, decided_by)
SELECT :tenant, :guard, :account, :what, :actor, :now, :now + :delay, seconds + :delay, 'waiting', ''
FROM uptime WHERE id = 0
RETURNING id;

-- name: change_by_id
SELECT ratchet.id, tenant, guard, account, what, actor, asked_at, due,
       max(uptime_due - seconds, 0.0), state, decided_at, decided_by
FROM ratchet JOIN uptime ON uptime.id = 0
WHERE ratchet.id = :id;

-- name: change_decide
UPDATE ratchet SET state = :state, decided_at = :now, decided_by = :by WHERE id = :id;

-- name: change_apply
UPDATE ratchet SET state = 'applied' WHERE id = :id;

-- name: changes_waiting
SELECT ratchet.id, tenant, guard, account, what, actor, asked_at, due,
       max(uptime_due - seconds, 0.0), state, decided_at, decided_by
FROM ratchet JOIN uptime ON uptime.id = 0
WHERE state IN ('waiting', 'granted') AND (:tenant IS NULL OR tenant = :tenant)
ORDER BY ratchet.id;

-- name: protection_put
INSERT INTO protection (tenant, guard, pack, mode, lock, version, at, edition)
VALUES (:tenant, :guard, :pack, :mode, :lock, :version, :at, :edition)
ON CONFLICT (tenant, guard) DO UPDATE
SET pack = excluded.pack, mode = excluded.mode, lock = excluded.lock, version = excluded.version,
    at = excluded.at, edition = excluded.edition;

-- name: protection_covers
UPDATE protection SET edition = edition + 1
WHERE tenant = :tenant AND guard = :guard AND at = :at AND edition = :edition
RETURNING edition;

-- name: ward_put
INSERT INTO ward (tenant, guard, account, base, sight)
VALUES (:tenant, :guard, :account, :base, :sight)
ON CONFLICT (tenant, guard, account) DO UPDATE SET base = excluded.base, sight = excluded.sight;

-- name: wards_drop
DELETE FROM ward WHERE tenant = :tenant AND guard = :guard;

-- name: protection_of
SELECT tenant, guard, pack, mode, lock, version, at, edition,
       (SELECT json_group_array(json_array(account, sight)) FROM ward
        WHERE ward.tenant = protection.tenant AND ward.guard = protection.guard AND base = at)
FROM protection
WHERE tenant = :tenant AND guard = :guard;

-- name: protections
SELECT tenant, guard, pack, mode, lock, version, at, edition,
       (SELECT json_group_array(json_array(account, sight)) FROM ward
        WHERE ward.tenant = protection.tenant AND ward.guard = protection.guard AND base = at)
FROM protection
ORDER BY tenant, guard;

-- name: protection_drop
DELETE FROM protection WHERE tenant = :tenant AND guard = :guard;

-- name: consent_put
INSERT INTO consent (account, version, at, actor) VALUES (:account, :version, :at, :actor);

-- name: consent_end
UPDATE consent SET withdrawn_at = :now WHERE account = :account AND withdrawn_at IS NULL;

-- name: consents_standing
SELECT account FROM consent WHERE withdrawn_at IS NULL;

-- name: consents_of
SELECT account, version, at, actor, withdrawn_at FROM consent WHERE account = :account ORDER BY seq;

-- name: audit_last
-- The highest number that was ever given, and the digest of the last entry that is there.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0),
       (SELECT digest FROM audit WHERE seq = (SELECT max(seq) FROM audit));

-- name: audit_put
INSERT INTO audit (seq, at, actor, what, detail, previous, digest)
VALUES (:seq, :at, :actor, :what, :detail, :previous, :digest);

-- name: audit_after
SELECT seq, at, actor, what, detail, previous, digest
FROM audit
WHERE seq > :after
ORDER BY seq
LIMIT :limit;
