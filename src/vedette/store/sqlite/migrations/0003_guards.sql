-- What guards decided and did, and what people decided about guards. Nothing here holds a
-- subject, a body or an address: messages are named by HMACs and digests, senders by domain.

-- One action of one guard on one message. `folder`, `uid_validity` and `uid` say where the message
-- was when it was decided; `result_…` where the action, or its undoing, put it.
-- `place` is the folder in which the next step is to be made. `expires`: see JournalEntry.
CREATE TABLE action (
  seq                 INTEGER PRIMARY KEY AUTOINCREMENT,
  id                  TEXT    NOT NULL UNIQUE,
  tenant              TEXT    NOT NULL,
  account             TEXT    NOT NULL,
  guard               TEXT    NOT NULL,
  version             TEXT    NOT NULL,
  action              TEXT    NOT NULL,
  kind                TEXT    NOT NULL,
  target              TEXT    NOT NULL,
  seen                INTEGER NOT NULL CHECK (seen IN (0, 1)),
  listed              INTEGER NOT NULL CHECK (listed IN (0, 1)),
  message             BLOB    NOT NULL,
  folder              BLOB    NOT NULL,
  uid_validity        INTEGER NOT NULL,
  uid                 INTEGER,
  result_folder       BLOB,
  result_uid_validity INTEGER,
  result_uid          INTEGER,
  state               TEXT    NOT NULL CHECK (state IN (
    'intended', 'copied', 'done', 'failed', 'gone', 'undoing', 'undone', 'returned', 'expired')),
  attempts            INTEGER NOT NULL,
  reason              TEXT    NOT NULL,
  at                  REAL    NOT NULL,
  changed             REAL    NOT NULL,
  expires             REAL,
  place               BLOB    GENERATED ALWAYS AS (
    CASE state WHEN 'undoing' THEN coalesce(result_folder, folder) ELSE folder END) VIRTUAL
) STRICT;

-- What is still to be carried out: as small as the work that waits.
CREATE INDEX action_pending ON action (account, place, seq)
  WHERE state IN ('intended', 'copied', 'undoing');
-- What waits in quarantine for the end of its time.
CREATE INDEX action_expiry ON action (account, expires, seq)
  WHERE state = 'done' AND expires IS NOT NULL;
-- What is over, by age: it may be forgotten when its message is.
CREATE INDEX action_settled ON action (changed)
  WHERE state IN ('failed', 'gone', 'undone', 'returned', 'expired');
CREATE INDEX action_account ON action (account, at, seq);
CREATE INDEX action_tenant ON action (tenant, at, seq);
CREATE INDEX action_guard ON action (guard, at, seq);
CREATE INDEX action_time ON action (at, seq);

-- By which keys the message of an action is known again; `rank` 0 is the strongest.
CREATE TABLE action_key (
  account TEXT    NOT NULL,
  key     BLOB    NOT NULL,
  action  INTEGER NOT NULL REFERENCES action (seq) ON DELETE CASCADE,
  rank    INTEGER NOT NULL,
  PRIMARY KEY (account, key, action)
) STRICT, WITHOUT ROWID;

CREATE INDEX action_key_action ON action_key (action, rank);

-- What each guard decided about each message. `symbols` is JSON: [[name, score], …].
CREATE TABLE decision (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant       TEXT    NOT NULL,
  account      TEXT    NOT NULL,
  guard        TEXT    NOT NULL,
  version      TEXT    NOT NULL,
  folder       BLOB    NOT NULL,
  uid_validity INTEGER NOT NULL,
  uid          INTEGER,
  message      BLOB    NOT NULL,
  domain       TEXT    NOT NULL,
  verdict      TEXT    NOT NULL,
  wanted       TEXT    NOT NULL,
  score        REAL    NOT NULL,
  symbols      TEXT    NOT NULL,
  why          TEXT    NOT NULL,
  acted        TEXT    NOT NULL,
  at           REAL    NOT NULL
) STRICT;

CREATE INDEX decision_account ON decision (account, at, seq);
CREATE INDEX decision_guard ON decision (guard, at, seq);
CREATE INDEX decision_time ON decision (at, seq);

-- How often a guard decided what on one day (UTC); it outlives the decisions.
CREATE TABLE tally (
  account TEXT    NOT NULL,
  guard   TEXT    NOT NULL,
  day     TEXT    NOT NULL,
  verdict TEXT    NOT NULL,
  acted   TEXT    NOT NULL,
  count   INTEGER NOT NULL,
  PRIMARY KEY (account, guard, day, verdict, acted)
) STRICT, WITHOUT ROWID;

CREATE INDEX tally_guard ON tally (guard, day);
CREATE INDEX tally_day ON tally (day);

-- The last word about each kill switch.
CREATE TABLE guard_switch (
  scope  TEXT    NOT NULL CHECK (scope IN ('guard', 'tenant', 'account', 'host')),
  name   TEXT    NOT NULL,
  is_off INTEGER NOT NULL CHECK (is_off IN (0, 1)),
  until  REAL,
  reason TEXT    NOT NULL,
  actor  TEXT    NOT NULL,
  at     REAL    NOT NULL,
  PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Domains that a guard leaves alone for an account, learned or set.
CREATE TABLE guard_allow (
  account TEXT    NOT NULL,
  guard   TEXT    NOT NULL,
  domain  TEXT    NOT NULL,
  at      REAL    NOT NULL,
  source  TEXT    NOT NULL,
  active  INTEGER NOT NULL CHECK (active IN (0, 1)),
  PRIMARY KEY (account, guard, domain)
) STRICT, WITHOUT ROWID;

-- What is enforced of a protective guard: a changed file alone loosens nothing.
CREATE TABLE protection (
  tenant  TEXT NOT NULL,
  guard   TEXT NOT NULL,
  pack    TEXT NOT NULL,
  mode    TEXT NOT NULL,
  lock    TEXT NOT NULL,
  version TEXT NOT NULL,
  at      REAL NOT NULL,
  PRIMARY KEY (tenant, guard)
) STRICT, WITHOUT ROWID;

-- Seconds for which the service ran: a clock that nobody sets.
CREATE TABLE uptime (
  id      INTEGER PRIMARY KEY CHECK (id = 0),
  seconds REAL    NOT NULL
) STRICT;

INSERT INTO uptime (id, seconds) VALUES (0, 0.0);

-- Loosenings that were asked for. One is due at the instant `due` of the wall clock and at
-- `uptime_due` of the other, or when it is granted.
CREATE TABLE ratchet (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant     TEXT    NOT NULL,
  guard      TEXT    NOT NULL,
  account    TEXT,
  what       TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  asked_at   REAL    NOT NULL,
  due        REAL    NOT NULL,
  uptime_due REAL    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('waiting', 'granted', 'applied', 'withdrawn')),
  decided_at REAL,
  decided_by TEXT    NOT NULL
) STRICT;

CREATE INDEX ratchet_open ON ratchet (tenant, guard, id) WHERE state IN ('waiting', 'granted');
CREATE INDEX ratchet_state ON ratchet (state, id) WHERE state IN ('waiting', 'granted');

-- Consents; at most one of an account stands.
CREATE TABLE consent (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  account      TEXT    NOT NULL,
  version      TEXT    NOT NULL,
  at           REAL    NOT NULL,
  actor        TEXT    NOT NULL,
  withdrawn_at REAL
) STRICT;

CREATE INDEX consent_account ON consent (account, seq);
CREATE UNIQUE INDEX consent_standing ON consent (account) WHERE withdrawn_at IS NULL;

-- What people decided, each entry with a digest over itself and the one before.
-- AUTOINCREMENT: the number of an entry that was cut off the end is missed.
CREATE TABLE audit (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  at       REAL    NOT NULL,
  actor    TEXT    NOT NULL,
  what     TEXT    NOT NULL,
  detail   TEXT    NOT NULL,
  previous BLOB    NOT NULL,
  digest   BLOB    NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
