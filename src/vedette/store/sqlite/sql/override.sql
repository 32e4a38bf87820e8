-- What people set of guards while the service runs.

-- name: switch_put
INSERT INTO guard_switch (scope, name, is_off, until, reason, actor, at)
VALUES (:scope, :name, :is_off, :until, :reason, :actor, :at)
ON CONFLICT (scope, name) DO UPDATE
SET is_off = excluded.is_off, until = excluded.until, reason = excluded.reason,
    actor = excluded.actor, at = excluded.at;

-- name: switches
SELECT scope, name, is_off, until, reason, actor, at FROM guard_switch ORDER BY scope, name;

-- name: allow_put
INSERT INTO guard_allow (account, guard, domain, at, source, active)
VALUES (:account, :guard, :domain, :at, :source, :active)
ON CONFLICT (account, guard, domain) DO UPDATE
SET at = excluded.at, source = excluded.source, active = excluded.active;

-- name: allows
SELECT account, guard, domain, at, source, active
FROM guard_allow
WHERE account = :account AND active = 1
ORDER BY guard, domain;

-- name: allows_all
SELECT account, guard, domain, at, source, active
FROM guard_allow
WHERE active = 1
ORDER BY account, guard, domain;
