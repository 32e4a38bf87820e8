-- The first shape of the state. Instants are seconds since the Unix epoch, UTC.
-- Every table is STRICT: a value of the wrong type is an error, not a surprise.

-- Who may write: one row for each shard. One owner means one row, epoch 0 for ever.
CREATE TABLE shard (
  id    INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL
) STRICT;

INSERT INTO shard (id, epoch) VALUES (0, 0);

-- How far each folder was read. `path` is the name on the wire.
CREATE TABLE folder (
  id           INTEGER PRIMARY KEY,
  account      TEXT    NOT NULL,
  path         BLOB    NOT NULL,
  uid_validity INTEGER NOT NULL,
  last_uid     INTEGER NOT NULL,
  first_uid    INTEGER NOT NULL,
  modseq       INTEGER NOT NULL,
  since        REAL    NOT NULL,
  mailbox_id   TEXT,
  UNIQUE (account, path)
) STRICT;

-- UIDs that were announced and not returned.
CREATE TABLE gap (
  folder       INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
  uid          INTEGER NOT NULL,
  uid_validity INTEGER NOT NULL,
  tries        INTEGER NOT NULL,
  due          REAL    NOT NULL,
  PRIMARY KEY (folder, uid)
) STRICT, WITHOUT ROWID;

-- How often the reading of a message was begun: three deaths make it unparseable.
-- It is not tied to a row of `folder`: the first read comes before the first commit.
CREATE TABLE reading (
  account      TEXT    NOT NULL,
  path         BLOB    NOT NULL,
  uid_validity INTEGER NOT NULL,
  uid          INTEGER NOT NULL,
  starts       INTEGER NOT NULL,
  PRIMARY KEY (account, path, uid_validity, uid)
) STRICT, WITHOUT ROWID;

-- Identity keys of messages that became events; they outlive the folder's cursor.
CREATE TABLE seen (
  account TEXT NOT NULL,
  key     BLOB NOT NULL,
  at      REAL NOT NULL,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_at ON seen (at);

-- Events without their bodies, so that a settlement rewrites a small row.
-- `unsettled` counts the deliveries that are still due: with none, the event may be pruned.
CREATE TABLE event (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  id        TEXT    NOT NULL UNIQUE,
  type      TEXT    NOT NULL,
  tenant    TEXT    NOT NULL,
  account   TEXT    NOT NULL,
  time      REAL    NOT NULL,
  lane      BLOB    NOT NULL,
  unsettled INTEGER NOT NULL CHECK (unsettled >= 0)
) STRICT;

CREATE INDEX event_time ON event (time, seq);
CREATE INDEX event_account ON event (account, time, seq);
CREATE INDEX event_tenant ON event (tenant, time, seq);
CREATE INDEX event_prunable ON event (time) WHERE unsettled = 0;

-- The rendered body, once for each event, however many endpoints it goes to.
CREATE TABLE payload (
  event INTEGER PRIMARY KEY REFERENCES event (seq) ON DELETE CASCADE,
  body  BLOB    NOT NULL
) STRICT;

-- One event on its way to one endpoint. A replay adds a second row after the first is settled.
-- AUTOINCREMENT: a late settlement must never meet a new row under an old number.
-- `head` marks the first unsettled row of its (endpoint, account, lane): what `ordered` may claim.
-- `attempt` counts settled attempts; `due` is the next attempt's instant or, while `leased`,
-- the end of the lease.
CREATE TABLE delivery (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  event     INTEGER NOT NULL REFERENCES event (seq),
  endpoint  TEXT    NOT NULL,
  account   TEXT    NOT NULL,
  lane      BLOB    NOT NULL,
  state     TEXT    NOT NULL CHECK (state IN ('due', 'delivered', 'failed')),
  head      INTEGER NOT NULL CHECK (head IN (0, 1)),
  leased    INTEGER NOT NULL CHECK (leased IN (0, 1)),
  due       REAL    NOT NULL,
  queued_at REAL    NOT NULL,
  attempt   INTEGER NOT NULL,
  reason    TEXT    NOT NULL
) STRICT;

-- The indexes of the work hold unsettled rows only: they stay as small as the backlog.
CREATE INDEX delivery_due ON delivery (endpoint, due, id) WHERE state = 'due';
CREATE INDEX delivery_head ON delivery (endpoint, due, id) WHERE state = 'due' AND head = 1;
CREATE INDEX delivery_lane ON delivery (endpoint, account, lane, id) WHERE state = 'due';
CREATE INDEX delivery_leased ON delivery (due) WHERE state = 'due' AND leased = 1;
CREATE INDEX delivery_event ON delivery (event, endpoint, state);

-- How each account is doing: three clocks kept apart, and the strikes against its credentials.
CREATE TABLE health (
  account    TEXT    PRIMARY KEY,
  tenant     TEXT    NOT NULL,
  email      TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  since      REAL    NOT NULL,
  proof_at   REAL,
  work_at    REAL,
  error_at   REAL,
  error      TEXT,
  trouble    TEXT,
  lag        REAL,
  strikes    INTEGER NOT NULL,
  credential TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- How each endpoint is doing.
CREATE TABLE endpoint (
  id              TEXT    PRIMARY KEY,
  disabled_at     REAL,
  disabled_reason TEXT    NOT NULL,
  failing_since   REAL,
  failures        INTEGER NOT NULL,
  delivered_at    REAL
) STRICT, WITHOUT ROWID;
