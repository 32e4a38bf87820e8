-- Records, their secrets, and the keys of the secrets.

-- part: records
SELECT kind, id, tenant, version, revision, is_counted, created_at, updated_at, expires_at, label,
       body
FROM record

-- part: living
  AND (expires_at IS NULL OR expires_at > :now)

-- part: found
-- `needle` and what each field looks for first stand in every body that has them: JSON is read of few.
  AND instr(folded, :text) > 0
  AND instr(body, :needle) > 0
  AND NOT EXISTS (
    SELECT 1 FROM json_each(:fields) AS wanted
    WHERE instr(body, json_extract(wanted.value, '$.needle')) = 0 OR NOT EXISTS (
      SELECT 1 FROM json_each(record.body) AS member
      WHERE member.key = json_extract(wanted.value, '$.name') AND (
        member.type = json_type(wanted.value, '$.value')
        AND member.atom = json_extract(wanted.value, '$.value')
        OR member.type = 'array' AND EXISTS (
          SELECT 1 FROM json_each(member.value) AS held
          WHERE held.type = 'text' AND json_type(wanted.value, '$.value') = 'text'
            AND held.atom = json_extract(wanted.value, '$.value')))))
ORDER BY id
LIMIT :limit;

-- name: record
-- use: records
WHERE kind = :kind AND id = :id AND (:tenant IS NULL OR tenant = :tenant)
-- use: living
;

-- name: records_named
-- In this order: each is looked up, and the others are not read.
SELECT record.kind, record.id, tenant, version, revision, is_counted, created_at, updated_at,
       expires_at, label, body
FROM json_each(:ids) AS asked
CROSS JOIN record ON record.kind = :kind AND record.id = asked.value
WHERE (:tenant IS NULL OR tenant = :tenant)
-- use: living
ORDER BY record.id;

-- name: records_of_tenant
-- use: records
WHERE kind = :kind AND tenant = :tenant AND id > :after AND id <= :until
-- use: living
-- use: found

-- name: records_until_of_tenant
SELECT id FROM record WHERE kind = :kind AND tenant = :tenant AND id > :after
ORDER BY id
LIMIT 1 OFFSET :looked;

-- name: records_of_all
-- use: records
WHERE kind = :kind AND id > :after AND id <= :until
-- use: living
-- use: found

-- name: records_until_of_all
SELECT id FROM record WHERE kind = :kind AND id > :after
ORDER BY id
LIMIT 1 OFFSET :looked;

-- name: record_count_of_tenant
SELECT count(*) FROM record
WHERE kind = :kind AND tenant = :tenant AND is_counted = 1
-- use: living
;

-- name: record_count_of_all
SELECT count(*) FROM record
WHERE kind = :kind AND is_counted = 1
-- use: living
;

-- name: record_standing
SELECT tenant, version, is_counted, created_at, expires_at FROM record
WHERE kind = :kind AND id = :id;

-- name: record_put
INSERT INTO record
  (kind, id, tenant, version, revision, is_counted, created_at, updated_at, expires_at, label,
   folded, body)
VALUES
  (:kind, :id, :tenant, :version, :revision, :is_counted, :created_at, :updated_at, :expires_at,
   :label, :folded, :body)
ON CONFLICT (kind, id) DO UPDATE
SET version = excluded.version, revision = excluded.revision, is_counted = excluded.is_counted,
    updated_at = excluded.updated_at, expires_at = excluded.expires_at, label = excluded.label,
    folded = excluded.folded, body = excluded.body;

-- name: record_drop
DELETE FROM record WHERE kind = :kind AND id = :id;

-- name: record_gone_put
INSERT INTO record_gone (kind, id, tenant, revision, at)
VALUES (:kind, :id, :tenant, :revision, :at)
ON CONFLICT (kind, id) DO UPDATE
SET tenant = excluded.tenant, revision = excluded.revision, at = excluded.at;

-- name: record_gone_drop
DELETE FROM record_gone WHERE kind = :kind AND id = :id;

-- name: record_gone_purge
DELETE FROM record_gone
WHERE rowid IN (SELECT rowid FROM record_gone WHERE at < :before ORDER BY at LIMIT :limit);

-- name: record_expired
SELECT kind, id, tenant FROM record
WHERE expires_at <= :now
ORDER BY expires_at, kind, id
LIMIT :limit;

-- name: record_revision
SELECT last FROM record_revision WHERE id = 0;

-- name: record_revision_set
UPDATE record_revision SET last = :revision WHERE id = 0;

-- name: record_touched
-- In the order of the revisions (`+` keeps other indexes away), each half up to the limit by itself; of kinds that a newer Vedette has, nothing is told.
SELECT revision, kind, id, tenant, is_gone FROM (
  SELECT revision, kind, id, tenant, expires_at IS NOT NULL AND expires_at <= :now AS is_gone
  FROM record
  WHERE revision > :after AND +kind IN (SELECT value FROM json_each(:kinds))
  ORDER BY revision
  LIMIT :limit
)
UNION ALL
SELECT revision, kind, id, tenant, is_gone FROM (
  SELECT revision, kind, id, tenant, 1 AS is_gone
  FROM record_gone
  WHERE revision > :after AND +kind IN (SELECT value FROM json_each(:kinds))
  ORDER BY revision
  LIMIT :limit
)
ORDER BY revision
LIMIT :limit;

-- name: secret_put
INSERT INTO secret (kind, id, name, tenant, value) VALUES (:kind, :id, :name, :tenant, :value)
ON CONFLICT (kind, id, name) DO UPDATE SET value = excluded.value;

-- name: secret_drop
DELETE FROM secret WHERE kind = :kind AND id = :id AND name = :name;

-- name: secrets
SELECT secret.kind, secret.id, secret.name, secret.tenant, secret.value
-- In this order: by itself SQLite reads all secrets of the kind, to have them sorted.
FROM json_each(:ids) AS asked
CROSS JOIN record ON record.kind = :kind AND record.id = asked.value
CROSS JOIN secret ON secret.kind = record.kind AND secret.id = record.id
WHERE (:tenant IS NULL OR record.tenant = :tenant)
  AND (record.expires_at IS NULL OR record.expires_at > :now)
ORDER BY secret.id, secret.name;

-- name: sealed
-- From a place on in the order of the key itself: `+` keeps it from beginning with the kind.
SELECT kind, id, name, tenant, value FROM secret
WHERE (kind, id, name) > (:kind, :id, :name)
  AND +kind IN (SELECT value FROM json_each(:kinds))
ORDER BY kind, id, name
LIMIT :limit;

-- name: reseal
UPDATE secret SET value = :new
WHERE kind = :kind AND id = :id AND name = :name AND tenant = :tenant AND value = :value;

-- name: data_keys
SELECT tenant, number, wrapper, wrapped, created_at FROM data_key
WHERE :tenant IS NULL OR tenant = :tenant
ORDER BY tenant, number;

-- name: data_key_put
INSERT INTO data_key (tenant, number, wrapper, wrapped, created_at)
VALUES (:tenant, :number, :wrapper, :wrapped, :created_at)
ON CONFLICT (tenant, number) DO NOTHING;

-- name: data_key_replace
UPDATE data_key SET wrapper = :wrapper, wrapped = :wrapped, created_at = :created_at
WHERE tenant = :tenant AND number = :number
  AND wrapper = :old_wrapper AND wrapped = :old_wrapped;

-- name: data_keys_drop
DELETE FROM data_key WHERE tenant = :tenant AND (:below IS NULL OR number < :below);
