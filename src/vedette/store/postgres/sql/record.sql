-- Records, their secrets, and the keys of the secrets.

-- part: records
SELECT kind, id, tenant, version, revision, is_counted, created_at, updated_at, expires_at, label,
       body
FROM record

-- part: found
-- What each field looks for first stands in every body that has it: JSON is read of few.
  AND strpos(folded, $5::text) > 0
  AND strpos(body, $6::text) > 0
  AND NOT EXISTS (
    SELECT FROM unnest($7::text[], $8::text[], $9::text[]) AS wanted (name, value, needle)
    WHERE strpos(body, needle) = 0
      OR NOT coalesce((body::jsonb -> name) @> value::jsonb, false))
ORDER BY id
LIMIT $10::bigint;

-- name: record
-- use: records
WHERE kind = $1::text AND id = $2::text AND ($3::text IS NULL OR tenant = $3::text)
  AND (expires_at IS NULL OR expires_at > $4::float8);

-- name: records_named
-- use: records
WHERE kind = $1::text AND id = ANY ($2::text[]) AND ($3::text IS NULL OR tenant = $3::text)
  AND (expires_at IS NULL OR expires_at > $4::float8)
ORDER BY id;

-- name: records_of_tenant
-- use: records
WHERE kind = $1::text AND tenant = $2::text AND id > $3::text
  AND (expires_at IS NULL OR expires_at > $4::float8)
-- use: found

-- name: records_of_all
-- use: records
WHERE kind = $1::text AND $2::text IS NULL AND id > $3::text
  AND (expires_at IS NULL OR expires_at > $4::float8)
-- use: found

-- name: record_count_of_tenant
SELECT count(*) FROM record
WHERE kind = $1::text AND tenant = $2::text AND is_counted
  AND (expires_at IS NULL OR expires_at > $3::float8);

-- name: record_count_of_all
SELECT count(*) FROM record
WHERE kind = $1::text AND $2::text IS NULL AND is_counted
  AND (expires_at IS NULL OR expires_at > $3::float8);

-- name: record_hold
-- Who writes records holds the revision until its transaction ends.
SELECT last FROM record_revision WHERE id = 0 FOR UPDATE;

-- name: record_standing
SELECT record.tenant, version, is_counted, created_at, expires_at, record.kind, record.id
FROM unnest($1::text[], $2::text[]) AS named (kind, id)
JOIN record ON record.kind = named.kind AND record.id = named.id;

-- name: records_put
INSERT INTO record
  (kind, id, tenant, version, revision, is_counted, created_at, updated_at, expires_at, label,
   folded, body)
SELECT * FROM unnest(
  $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::float8[],
  $8::float8[], $9::float8[], $10::text[], $11::text[], $12::text[])
ON CONFLICT (kind, id) DO UPDATE
SET version = excluded.version, revision = excluded.revision, is_counted = excluded.is_counted,
    updated_at = excluded.updated_at, expires_at = excluded.expires_at, label = excluded.label,
    folded = excluded.folded, body = excluded.body;

-- name: records_drop
DELETE FROM record
USING unnest($1::text[], $2::text[]) AS named (kind, id)
WHERE record.kind = named.kind AND record.id = named.id;

-- name: records_gone_put
INSERT INTO record_gone (kind, id, tenant, revision, at)
SELECT kind, id, tenant, revision, $5::float8
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS gone (kind, id, tenant, revision)
ON CONFLICT (kind, id) DO UPDATE
SET tenant = excluded.tenant, revision = excluded.revision, at = excluded.at;

-- name: records_gone_drop
DELETE FROM record_gone
USING unnest($1::text[], $2::text[]) AS named (kind, id)
WHERE record_gone.kind = named.kind AND record_gone.id = named.id;

-- name: records_gone_purge
DELETE FROM record_gone
WHERE (kind, id) IN (
  SELECT kind, id FROM record_gone WHERE at < $1::float8 ORDER BY at LIMIT $2::bigint);

-- name: records_expired
SELECT kind, id, tenant FROM record
WHERE expires_at <= $1::float8
ORDER BY expires_at, kind, id
LIMIT $2::bigint;

-- name: record_revision_set
-- Who listens is told once it is committed.
WITH given AS (UPDATE record_revision SET last = $1::bigint WHERE id = 0)
SELECT pg_notify('vedette_record', ($1::bigint)::text);

-- name: records_touched
-- Each half ends at the limit by itself; of kinds that a newer Vedette has, nothing is told.
(
  SELECT revision, kind, id, tenant, expires_at IS NOT NULL AND expires_at <= $4::float8 AS is_gone
  FROM record
  WHERE revision > $1::bigint AND kind = ANY ($3::text[])
  ORDER BY revision
  LIMIT $2::bigint
)
UNION ALL
(
  SELECT revision, kind, id, tenant, true AS is_gone
  FROM record_gone
  WHERE revision > $1::bigint AND kind = ANY ($3::text[])
  ORDER BY revision
  LIMIT $2::bigint
)
ORDER BY revision
LIMIT $2::bigint;

-- name: secrets_put
INSERT INTO secret (kind, id, name, tenant, value)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
ON CONFLICT (kind, id, name) DO UPDATE SET value = excluded.value;

-- name: secrets_drop
DELETE FROM secret
USING unnest($1::text[], $2::text[], $3::text[]) AS named (kind, id, name)
WHERE secret.kind = named.kind AND secret.id = named.id AND secret.name = named.name;

-- name: secrets
SELECT secret.kind, secret.id, secret.name, secret.tenant, secret.value
FROM record JOIN secret ON secret.kind = record.kind AND secret.id = record.id
WHERE record.kind = $1::text AND record.id = ANY ($2::text[])
  AND ($3::text IS NULL OR record.tenant = $3::text)
  AND (record.expires_at IS NULL OR record.expires_at > $4::float8)
ORDER BY secret.id, secret.name;

-- name: sealed
SELECT kind, id, name, tenant, value FROM secret
WHERE (kind, id, name) > ($1::text, $2::text, $3::text) AND kind = ANY ($5::text[])
ORDER BY kind, id, name
LIMIT $4::bigint;

-- name: reseal
UPDATE secret SET value = $6::bytea
WHERE kind = $1::text AND id = $2::text AND name = $3::text AND tenant = $4::text
  AND value = $5::bytea;

-- name: data_keys
SELECT tenant, number, wrapper, wrapped, created_at FROM data_key
WHERE $1::text IS NULL OR tenant = $1::text
ORDER BY tenant, number;

-- name: data_key_put
INSERT INTO data_key (tenant, number, wrapper, wrapped, created_at)
VALUES ($1::text, $2::bigint, $3::text, $4::bytea, $5::float8)
ON CONFLICT (tenant, number) DO NOTHING;

-- name: data_key_replace
UPDATE data_key SET wrapper = $3::text, wrapped = $4::bytea, created_at = $5::float8
WHERE tenant = $1::text AND number = $2::bigint AND wrapper = $6::text AND wrapped = $7::bytea;

-- name: data_keys_drop
DELETE FROM data_key WHERE tenant = $1::text AND ($2::bigint IS NULL OR number < $2::bigint);

-- name: tenancy
-- The role behind the wall, the one we have, who we are, whether we may take its place, and whether
-- every row is shown to us: another policy than that of tenants has to be for us, in each table.
SELECT quote_ident(wall.rolname), wall.rolname, current_setting('role'), quote_ident(current_user),
       pg_has_role(wall.oid, CASE WHEN current_setting('server_version_num')::int >= 160000
                             THEN 'SET' ELSE 'MEMBER' END) AS may_wall,
       NOT EXISTS (
         SELECT FROM unnest(ARRAY['record', 'record_gone', 'secret', 'data_key']) AS it
         WHERE row_security_active(it) AND NOT EXISTS (
           SELECT FROM pg_policy AS policy, unnest(policy.polroles) AS whose
           WHERE policy.polrelid = it::regclass AND policy.polname <> 'tenant'
             AND (whose = 0 OR pg_has_role(whose, 'USAGE')))) AS sees_all
FROM pg_policy AS policy JOIN pg_roles AS wall ON wall.oid = ANY (policy.polroles)
WHERE policy.polrelid = 'record'::regclass AND policy.polname = 'tenant';

-- name: tenancy_enter
SELECT set_config('vedette.tenant', 'is:' || $2::text, true), set_config('role', $1::text, true);

-- name: tenancy_leave
SELECT set_config('role', $1::text, true);
