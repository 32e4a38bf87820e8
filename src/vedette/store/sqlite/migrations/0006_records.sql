-- What people set through the API. `body` is a JSON object without any secret, `folded` the label as
-- a search compares it. No two records of a kind have one id, whoever's they are.
CREATE TABLE record (
  kind       TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  tenant     TEXT    NOT NULL,
  version    INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  is_counted INTEGER NOT NULL CHECK (is_counted IN (0, 1)),
  created_at REAL    NOT NULL,
  updated_at REAL    NOT NULL,
  expires_at REAL,
  label      TEXT    NOT NULL,
  folded     TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;

-- A page of a tenant, in the order of the ids; a search reads nothing else but what it finds.
CREATE INDEX record_tenant ON record (kind, tenant, id, folded, expires_at);
CREATE INDEX record_label ON record (kind, id, folded, expires_at);
CREATE INDEX record_counted ON record (kind, tenant, expires_at) WHERE is_counted = 1;
CREATE UNIQUE INDEX record_revision_order ON record (revision);
CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;

-- What was taken away, as long as it is told.
CREATE TABLE record_gone (
  kind     TEXT    NOT NULL,
  id       TEXT    NOT NULL,
  tenant   TEXT    NOT NULL,
  revision INTEGER NOT NULL,
  at       REAL    NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;

CREATE UNIQUE INDEX record_gone_order ON record_gone (revision);
CREATE INDEX record_gone_at ON record_gone (at);

-- The last revision that was given.
CREATE TABLE record_revision (
  id   INTEGER PRIMARY KEY CHECK (id = 0),
  last INTEGER NOT NULL
) STRICT;

INSERT INTO record_revision (id, last) VALUES (0, 0);

-- Sealed values of records, by name; they go with their record.
CREATE TABLE secret (
  kind   TEXT NOT NULL,
  id     TEXT NOT NULL,
  name   TEXT NOT NULL,
  tenant TEXT NOT NULL,
  value  BLOB NOT NULL,
  PRIMARY KEY (kind, id, name),
  FOREIGN KEY (kind, id) REFERENCES record (kind, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The keys that secrets are sealed with, each wrapped by a key that is not in the database.
CREATE TABLE data_key (
  tenant     TEXT    NOT NULL,
  number     INTEGER NOT NULL,
  wrapper    TEXT    NOT NULL,
  wrapped    BLOB    NOT NULL,
  created_at REAL    NOT NULL,
  PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
