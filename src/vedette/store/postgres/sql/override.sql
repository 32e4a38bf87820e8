-- What people set of guards while the service runs.

-- name: switch_put
INSERT INTO guard_switch (scope, name, is_off, until, reason, actor, at)
VALUES ($1::text, $2::text, $3::boolean, $4::float8, $5::text, $6::text, $7::float8)
ON CONFLICT (scope, name) DO UPDATE
SET is_off = excluded.is_off, until = excluded.until, reason = excluded.reason,
    actor = excluded.actor, at = excluded.at;

-- name: switches
SELECT scope, name, is_off, until, reason, actor, at FROM guard_switch ORDER BY scope, name;

-- name: allow_put
INSERT INTO guard_allow (account, guard, domain, at, source, active)
VALUES ($1::text, $2::text, $3::text, $4::float8, $5::text, $6::boolean)
ON CONFLICT (account, guard, domain) DO UPDATE
SET at = excluded.at, source = excluded.source, active = excluded.active;

-- name: edition_next
UPDATE audit_chain SET edition = edition + 1 WHERE id = 0;

-- name: edition
SELECT edition FROM audit_chain WHERE id = 0;

-- name: allows
SELECT account, guard, domain, at, source, active
FROM guard_allow
WHERE account = $1::text AND active
ORDER BY guard, domain;

-- name: allows_all
SELECT account, guard, domain, at, source, active
FROM guard_allow
WHERE active
ORDER BY account, guard, domain;
