-- The ratchet, consents, and the audit of both.

-- part: changes
SELECT ratchet.id, tenant, guard, account, what, actor, asked_at, due,
       greatest(uptime_due - seconds, clock_due - database_clock(), 0.0)::float8,
       state, decided_at, decided_by
FROM ratchet JOIN uptime ON uptime.id = 0

-- name: uptime_add
-- Several instances run at the same time, and time goes by once.
UPDATE uptime
SET seconds = seconds + least($1::float8, greatest(database_clock() - counted_at, 0.0)),
    counted_at = database_clock()
WHERE id = 0
RETURNING seconds;

-- name: change_alike
-- use: changes
WHERE tenant = $1::text AND guard = $2::text AND account IS NOT DISTINCT FROM $3::text
  AND what = $4::text AND state IN ('waiting', 'granted');

-- name: change_put
INSERT INTO ratchet
  (tenant, guard, account, what, actor, asked_at, due, clock_due, uptime_due, state, decided_by)
SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::float8, $6::float8 + $7::float8,
       database_clock() + $7::float8, seconds + $7::float8, 'waiting', ''
FROM uptime WHERE id = 0
RETURNING id;

-- name: change_by_id
-- use: changes
WHERE ratchet.id = $1::bigint;

-- name: change_decide
UPDATE ratchet SET state = $2::text, decided_at = $3::float8, decided_by = $4::text
WHERE id = $1::bigint;

-- name: change_apply
UPDATE ratchet SET state = 'applied' WHERE id = $1::bigint;

-- name: changes_waiting
-- use: changes
WHERE state IN ('waiting', 'granted') AND ($1::text IS NULL OR tenant = $1::text)
ORDER BY ratchet.id;

-- name: protection_put
INSERT INTO protection (tenant, guard, pack, mode, lock, version, at, edition)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::float8, $8::bigint)
ON CONFLICT (tenant, guard) DO UPDATE
SET pack = excluded.pack, mode = excluded.mode, lock = excluded.lock, version = excluded.version,
    at = excluded.at, edition = excluded.edition;

-- name: protection_covers
UPDATE protection SET edition = edition + 1
WHERE tenant = $1::text AND guard = $2::text AND at = $3::float8 AND edition = $4::bigint
RETURNING edition;

-- name: ward_put
INSERT INTO ward (tenant, guard, account, base, sight)
VALUES ($1::text, $2::text, $3::text, $4::float8, $5::text)
ON CONFLICT (tenant, guard, account) DO UPDATE SET base = excluded.base, sight = excluded.sight;

-- name: wards_drop
DELETE FROM ward WHERE tenant = $1::text AND guard = $2::text;

-- name: protection_of
SELECT tenant, guard, pack, mode, lock, version, at, edition,
       (SELECT json_agg(json_build_array(account, sight) ORDER BY account)::text FROM ward
        WHERE ward.tenant = protection.tenant AND ward.guard = protection.guard AND base = at)
FROM protection
WHERE tenant = $1::text AND guard = $2::text;

-- name: protections
SELECT tenant, guard, pack, mode, lock, version, at, edition,
       (SELECT json_agg(json_build_array(account, sight) ORDER BY account)::text FROM ward
        WHERE ward.tenant = protection.tenant AND ward.guard = protection.guard AND base = at)
FROM protection
ORDER BY tenant, guard;

-- name: protection_drop
DELETE FROM protection WHERE tenant = $1::text AND guard = $2::text RETURNING tenant;

-- name: consent_put
INSERT INTO consent (account, version, at, actor)
VALUES ($1::text, $2::text, $3::float8, $4::text);

-- name: consent_end
UPDATE consent SET withdrawn_at = $2::float8
WHERE account = $1::text AND withdrawn_at IS NULL
RETURNING seq;

-- name: consents_standing
SELECT account FROM consent WHERE withdrawn_at IS NULL;

-- name: consents_of
SELECT account, version, at, actor, withdrawn_at
FROM consent
WHERE account = $1::text
ORDER BY seq;

-- name: audit_hold
-- Who appends holds the chain until its transaction ends; a later statement sees what the one
-- before it appended.
SELECT last FROM audit_chain WHERE id = 0 FOR UPDATE;

-- name: audit_last
-- The highest number that was ever given, and the digest of the last entry that is there.
SELECT last, (SELECT digest FROM audit ORDER BY seq DESC LIMIT 1) FROM audit_chain WHERE id = 0;

-- name: audit_put
WITH entry AS (
  INSERT INTO audit (seq, at, actor, what, detail, previous, digest)
  VALUES ($1::bigint, $2::float8, $3::text, $4::text, $5::text, $6::bytea, $7::bytea)
  RETURNING seq)
UPDATE audit_chain SET last = entry.seq, edition = edition + 1 FROM entry WHERE id = 0;

-- name: audit_after
SELECT seq, at, actor, what, detail, previous, digest
FROM audit
WHERE seq > $1::bigint
ORDER BY seq
LIMIT $2::bigint;
