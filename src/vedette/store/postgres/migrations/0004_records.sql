-- What people set through the API. `body` is a JSON object without any secret, `folded` the label as
-- a search compares it. No two records of a kind have one id, whoever's they are.
CREATE TABLE record (
  kind       text COLLATE "C"  NOT NULL,
  id         text COLLATE "C"  NOT NULL,
  tenant     text COLLATE "C"  NOT NULL,
  version    bigint            NOT NULL,
  revision   bigint            NOT NULL,
  is_counted boolean           NOT NULL,
  created_at double precision  NOT NULL CHECK (created_at <> 'NaN'),
  updated_at double precision  NOT NULL CHECK (updated_at <> 'NaN'),
  expires_at double precision  CHECK (expires_at <> 'NaN'),
  label      text              NOT NULL,
  folded     text COLLATE "C"  NOT NULL,
  body       text              NOT NULL,
  PRIMARY KEY (kind, id)
) WITH (fillfactor = 80);

CREATE INDEX record_tenant ON record (kind, tenant, id);
CREATE INDEX record_counted ON record (kind, tenant) INCLUDE (expires_at) WHERE is_counted;
CREATE UNIQUE INDEX record_revision_order ON record (revision);
CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;

-- What was taken away, as long as it is told.
CREATE TABLE record_gone (
  kind     text COLLATE "C"  NOT NULL,
  id       text COLLATE "C"  NOT NULL,
  tenant   text COLLATE "C"  NOT NULL,
  revision bigint            NOT NULL,
  at       double precision  NOT NULL CHECK (at <> 'NaN'),
  PRIMARY KEY (kind, id)
);

CREATE UNIQUE INDEX record_gone_order ON record_gone (revision);
CREATE INDEX record_gone_at ON record_gone (at);

-- The last revision that was given. Whoever writes records holds this row until his transaction
-- ends: a later revision is committed later, and nothing that a writer counted changes meanwhile.
CREATE TABLE record_revision (
  id   smallint PRIMARY KEY CHECK (id = 0),
  last bigint   NOT NULL
) WITH (fillfactor = 50);

INSERT INTO record_revision (id, last) VALUES (0, 0);

-- Sealed values of records, by name; they go with their record.
CREATE TABLE secret (
  kind   text COLLATE "C" NOT NULL,
  id     text COLLATE "C" NOT NULL,
  name   text COLLATE "C" NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  value  bytea            NOT NULL,
  PRIMARY KEY (kind, id, name),
  FOREIGN KEY (kind, id) REFERENCES record (kind, id) ON DELETE CASCADE
);

-- The keys that secrets are sealed with, each wrapped by a key that is not in the database.
CREATE TABLE data_key (
  tenant     text COLLATE "C"  NOT NULL,
  number     bigint            NOT NULL,
  wrapper    text              NOT NULL,
  wrapped    bytea             NOT NULL,
  created_at double precision  NOT NULL CHECK (created_at <> 'NaN'),
  PRIMARY KEY (tenant, number)
);

-- The wall between tenants. What is asked for one of them is asked as a role that nobody can log in
-- as, and that sees the rows of the tenant whom `vedette.tenant` names, behind `is:`; where it names
-- nobody, none. The role is of this database alone: other installations of the same server have
-- theirs. The owner of the tables sees all rows, by a policy too: row level security is forced.
DO $$
DECLARE
  wall  text := ('vedette_tenant_' || current_database())::name;
  named text := 'tenant = substr(nullif(current_setting(''vedette.tenant'', true), ''''), 4)';
  may   text := CASE WHEN current_setting('server_version_num')::int >= 160000
                THEN 'SET' ELSE 'MEMBER' END;
  it    text;
BEGIN
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wall) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wall);
    END IF;
    IF NOT pg_has_role(current_user, wall, may) THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', wall);
    END IF;
  EXCEPTION WHEN insufficient_privilege THEN
    RAISE insufficient_privilege USING MESSAGE = format(
      'the role %I may not make the role of tenants: a superuser runs CREATE ROLE %I NOLOGIN;'
      ' GRANT %I TO %I;', current_user, wall, wall, current_user);
  END;
  IF NOT has_schema_privilege(wall, current_schema(), 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), wall);
  END IF;
  FOREACH it IN ARRAY ARRAY['record', 'record_gone', 'secret', 'data_key'] LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO %I', it, wall);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', it);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', it);
    EXECUTE format('CREATE POLICY everything ON %I TO CURRENT_USER USING (true)', it);
    EXECUTE format(
      'CREATE POLICY tenant ON %I TO %I USING (%s) WITH CHECK (%s)', it, wall, named, named);
  END LOOP;
END $$;
