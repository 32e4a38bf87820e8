-- What guards decided and did, and what people decided about guards. Nothing here holds a
-- subject, a body or an address: messages are named by HMACs and digests, senders by domain.

-- The database's own clock, in seconds since the Unix epoch: the one that no instance can set.
CREATE FUNCTION database_clock() RETURNS double precision
  LANGUAGE sql VOLATILE
  AS 'SELECT extract(epoch FROM clock_timestamp())::double precision';

-- One action of one guard on one message. `folder`, `uid_validity` and `uid` say where the message
-- was when it was decided; `result_…` where the action, or its undoing, put it. `expires`: see
-- JournalEntry.
CREATE TABLE action (
  seq                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id                  text COLLATE "C"  NOT NULL UNIQUE,
  tenant              text COLLATE "C"  NOT NULL,
  account             text COLLATE "C"  NOT NULL,
  guard               text COLLATE "C"  NOT NULL,
  version             text              NOT NULL,
  action              text              NOT NULL,
  kind                text              NOT NULL,
  target              text              NOT NULL,
  seen                boolean           NOT NULL,
  listed              boolean           NOT NULL,
  message             bytea             NOT NULL,
  folder              bytea             NOT NULL,
  uid_validity        bigint            NOT NULL,
  uid                 bigint,
  result_folder       bytea,
  result_uid_validity bigint,
  result_uid          bigint,
  state               text COLLATE "C"  NOT NULL CHECK (state IN (
    'intended', 'copied', 'done', 'failed', 'gone', 'undoing', 'undone', 'returned', 'expired')),
  attempts            integer           NOT NULL,
  reason              text              NOT NULL,
  at                  double precision  NOT NULL CHECK (at <> 'NaN'),
  changed             double precision  NOT NULL CHECK (changed <> 'NaN'),
  expires             double precision  CHECK (expires <> 'NaN')
) WITH (fillfactor = 80);

-- What is still to be carried out: as small as the work that waits. The expression is the folder
-- in which the next step is to be made.
CREATE INDEX action_pending ON action
  (account, (CASE state WHEN 'undoing' THEN coalesce(result_folder, folder) ELSE folder END), seq)
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
  account text COLLATE "C" NOT NULL,
  key     bytea            NOT NULL,
  action  bigint           NOT NULL REFERENCES action (seq) ON DELETE CASCADE,
  rank    integer          NOT NULL,
  PRIMARY KEY (account, key, action)
);

CREATE INDEX action_key_action ON action_key (action, rank);

-- What each guard decided about each message. `symbols` is JSON: [[name, score], …].
CREATE TABLE decision (
  seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant       text COLLATE "C"  NOT NULL,
  account      text COLLATE "C"  NOT NULL,
  guard        text COLLATE "C"  NOT NULL,
  version      text              NOT NULL,
  folder       bytea             NOT NULL,
  uid_validity bigint            NOT NULL,
  uid          bigint,
  message      bytea             NOT NULL,
  domain       text              NOT NULL,
  verdict      text              NOT NULL,
  wanted       text              NOT NULL,
  score        double precision  NOT NULL CHECK (score <> 'NaN'),
  symbols      text              NOT NULL,
  why          text              NOT NULL,
  acted        text              NOT NULL,
  at           double precision  NOT NULL CHECK (at <> 'NaN')
);

CREATE INDEX decision_account ON decision (account, at, seq);
CREATE INDEX decision_guard ON decision (guard, at, seq);
CREATE INDEX decision_time ON decision (at, seq);

-- How often a guard decided what on one day (UTC); it outlives the decisions.
CREATE TABLE tally (
  account text COLLATE "C" NOT NULL,
  guard   text COLLATE "C" NOT NULL,
  day     text COLLATE "C" NOT NULL,
  verdict text COLLATE "C" NOT NULL,
  acted   text COLLATE "C" NOT NULL,
  count   bigint           NOT NULL,
  PRIMARY KEY (account, guard, day, verdict, acted)
) WITH (fillfactor = 70);

CREATE INDEX tally_guard ON tally (guard, day);
CREATE INDEX tally_day ON tally (day);

-- The last word about each kill switch.
CREATE TABLE guard_switch (
  scope  text COLLATE "C"  NOT NULL CHECK (scope IN ('guard', 'tenant', 'account', 'host')),
  name   text COLLATE "C"  NOT NULL,
  is_off boolean           NOT NULL,
  until  double precision  CHECK (until <> 'NaN'),
  reason text              NOT NULL,
  actor  text              NOT NULL,
  at     double precision  NOT NULL CHECK (at <> 'NaN'),
  PRIMARY KEY (scope, name)
);

-- Domains that a guard leaves alone for an account, learned or set.
CREATE TABLE guard_allow (
  account text COLLATE "C"  NOT NULL,
  guard   text COLLATE "C"  NOT NULL,
  domain  text COLLATE "C"  NOT NULL,
  at      double precision  NOT NULL CHECK (at <> 'NaN'),
  source  text              NOT NULL,
  active  boolean           NOT NULL,
  PRIMARY KEY (account, guard, domain)
);

-- What is enforced of a protective guard: a changed file alone loosens nothing.
CREATE TABLE protection (
  tenant  text COLLATE "C"  NOT NULL,
  guard   text COLLATE "C"  NOT NULL,
  pack    text              NOT NULL,
  mode    text              NOT NULL,
  lock    text              NOT NULL,
  version text              NOT NULL,
  at      double precision  NOT NULL CHECK (at <> 'NaN'),
  PRIMARY KEY (tenant, guard)
);

-- Seconds for which the service ran: a clock that nobody sets. Every instance counts, and together
-- they count no more than went by on the database's clock since `counted_at`.
CREATE TABLE uptime (
  id         smallint         PRIMARY KEY CHECK (id = 0),
  seconds    double precision NOT NULL CHECK (seconds <> 'NaN'),
  counted_at double precision NOT NULL
);

INSERT INTO uptime (id, seconds, counted_at) VALUES (0, 0.0, database_clock());

-- Loosenings that were asked for. One is due at the instant `due` of the instance's clock, at
-- `clock_due` of the database's, and at `uptime_due` of the one that nobody sets, or when it is
-- granted.
CREATE TABLE ratchet (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant     text COLLATE "C"  NOT NULL,
  guard      text COLLATE "C"  NOT NULL,
  account    text COLLATE "C",
  what       text              NOT NULL,
  actor      text              NOT NULL,
  asked_at   double precision  NOT NULL CHECK (asked_at <> 'NaN'),
  due        double precision  NOT NULL CHECK (due <> 'NaN'),
  clock_due  double precision  NOT NULL CHECK (clock_due <> 'NaN'),
  uptime_due double precision  NOT NULL CHECK (uptime_due <> 'NaN'),
  state      text COLLATE "C"  NOT NULL
    CHECK (state IN ('waiting', 'granted', 'applied', 'withdrawn')),
  decided_at double precision  CHECK (decided_at <> 'NaN'),
  decided_by text              NOT NULL
);

CREATE INDEX ratchet_open ON ratchet (tenant, guard, id) WHERE state IN ('waiting', 'granted');
CREATE INDEX ratchet_state ON ratchet (state, id) WHERE state IN ('waiting', 'granted');

-- Consents; at most one of an account stands.
CREATE TABLE consent (
  seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account      text COLLATE "C"  NOT NULL,
  version      text              NOT NULL,
  at           double precision  NOT NULL CHECK (at <> 'NaN'),
  actor        text              NOT NULL,
  withdrawn_at double precision  CHECK (withdrawn_at <> 'NaN')
);

CREATE INDEX consent_account ON consent (account, seq);
CREATE UNIQUE INDEX consent_standing ON consent (account) WHERE withdrawn_at IS NULL;

-- What people decided, each entry with a digest over itself and the one before.
CREATE TABLE audit (
  seq      bigint           PRIMARY KEY,
  at       double precision NOT NULL CHECK (at <> 'NaN'),
  actor    text             NOT NULL,
  what     text             NOT NULL,
  detail   text             NOT NULL,
  previous bytea            NOT NULL,
  digest   bytea            NOT NULL
);

-- The last number that was given, so that an entry that was cut off the end is missed. Its row is
-- what instances that append wait for: each entry follows from the one before it. `edition` is
-- another number after each change of what people set.
CREATE TABLE audit_chain (
  id      smallint PRIMARY KEY CHECK (id = 0),
  last    bigint   NOT NULL,
  edition bigint   NOT NULL DEFAULT 0
);

INSERT INTO audit_chain (id, last) VALUES (0, 0);

CREATE FUNCTION audit_is_append_only() RETURNS trigger
  LANGUAGE plpgsql
  AS $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
