-- min_reader: 1
-- The first shape of the state. Instants are seconds since the Unix epoch, UTC, by the clock of
-- the instance that wrote them; where a type is `timestamptz` it is the database's own clock.
-- Text that is compared or sorted is COLLATE "C": by its octets, as in every other store.

CREATE TABLE schema_version (
  version    integer     PRIMARY KEY,
  at         timestamptz NOT NULL,
  min_reader integer     NOT NULL,
  checksum   text        NOT NULL
);

-- Who is there. An instance whose heartbeat is old is dead: what it owns may be taken over.
CREATE TABLE instance (
  id        text COLLATE "C" PRIMARY KEY,
  heartbeat timestamptz NOT NULL,
  weight    integer     NOT NULL DEFAULT 1,
  state     text        NOT NULL DEFAULT 'live'
);

-- Who may write: the epoch of a shard is raised with each takeover, and every commit names it.
-- An installation of one owner has shard 0 and epoch 0 for ever.
CREATE TABLE shard (
  id    integer PRIMARY KEY,
  owner text    COLLATE "C",
  epoch bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE INDEX shard_owner ON shard (owner);

INSERT INTO shard (id) VALUES (0);

-- How far each folder was read. `path` is the name on the wire.
CREATE TABLE folder (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account      text COLLATE "C"  NOT NULL,
  path         bytea             NOT NULL,
  uid_validity bigint            NOT NULL,
  last_uid     bigint            NOT NULL,
  first_uid    bigint            NOT NULL,
  modseq       bigint            NOT NULL,
  since        double precision  NOT NULL CHECK (since <> 'NaN'),
  mailbox_id   text,
  UNIQUE (account, path)
) WITH (fillfactor = 70);

-- UIDs that were announced and not returned.
CREATE TABLE gap (
  folder       bigint           NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
  uid          bigint           NOT NULL,
  uid_validity bigint           NOT NULL,
  tries        integer          NOT NULL,
  due          double precision NOT NULL CHECK (due <> 'NaN'),
  PRIMARY KEY (folder, uid)
);

-- How often the reading of a message was begun: three deaths make it unparseable.
-- It is not tied to a row of `folder`: the first read comes before the first commit.
CREATE TABLE reading (
  account      text COLLATE "C" NOT NULL,
  path         bytea   NOT NULL,
  uid_validity bigint  NOT NULL,
  uid          bigint  NOT NULL,
  starts       integer NOT NULL,
  PRIMARY KEY (account, path, uid_validity, uid)
);

-- Identity keys of messages that became events; they outlive the folder's cursor.
CREATE TABLE seen (
  account text COLLATE "C" NOT NULL,
  key     bytea            NOT NULL,
  at      double precision NOT NULL,
  PRIMARY KEY (account, key)
);

CREATE INDEX seen_at ON seen (at);

-- Numbers of events and deliveries. The day (since the epoch, UTC) stands in front of a number,
-- from bit 46 on: so a number says in which partition its row lies, and a day that is over is
-- dropped whole.
CREATE SEQUENCE number AS bigint;

-- Events without their bodies. `xid` is the transaction that wrote it, for who follows the
-- table: (xid, seq) below the oldest open transaction can not be overtaken any more.
CREATE TABLE event (
  seq     bigint           NOT NULL,
  id      text COLLATE "C" NOT NULL,
  type    text COLLATE "C" NOT NULL,
  tenant  text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  time    double precision NOT NULL CHECK (time <> 'NaN'),
  lane    bytea            NOT NULL,
  xid     xid8             NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (seq)
) PARTITION BY RANGE (seq);

CREATE INDEX event_id ON event (id);
CREATE INDEX event_time ON event (time, seq);
CREATE INDEX event_account ON event (account, time, seq);
CREATE INDEX event_tenant ON event (tenant, time, seq);
CREATE INDEX event_tail ON event (xid, seq);

-- The rendered body, once for each event, however many endpoints it goes to.
CREATE TABLE payload (
  event bigint NOT NULL,
  body  bytea  NOT NULL,
  PRIMARY KEY (event)
) PARTITION BY RANGE (event);

-- One event on its way to one endpoint. A replay adds a second row after the first is settled.
-- `turn` is the place in the queue: a row that is moved to another day keeps it.
-- `head` marks the first unsettled row of its (endpoint, account, lane): what `ordered` may claim.
-- `attempt` counts settled attempts; `due` is the next attempt's instant or, while it has a
-- `holder` (the instance that claimed it), the end of the lease.
CREATE TABLE delivery (
  id        bigint           NOT NULL,
  turn      bigint           NOT NULL,
  event     bigint           NOT NULL,
  endpoint  text COLLATE "C" NOT NULL,
  account   text COLLATE "C" NOT NULL,
  lane      bytea            NOT NULL,
  state     text COLLATE "C" NOT NULL CHECK (state IN ('due', 'delivered', 'failed')),
  head      boolean          NOT NULL,
  holder    text COLLATE "C",
  due       double precision NOT NULL CHECK (due <> 'NaN'),
  queued_at double precision NOT NULL,
  attempt   integer          NOT NULL,
  reason    text             NOT NULL,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);

-- The indexes of the work hold unsettled rows only: they stay as small as the backlog.
CREATE INDEX delivery_due ON delivery (endpoint, due, turn) WHERE state = 'due';
CREATE INDEX delivery_head ON delivery (endpoint, due, turn) WHERE state = 'due' AND head;
CREATE INDEX delivery_lane ON delivery (endpoint, account, lane, turn) WHERE state = 'due';
CREATE INDEX delivery_held ON delivery (holder) WHERE state = 'due' AND holder IS NOT NULL;
CREATE INDEX delivery_failed ON delivery (endpoint, turn) WHERE state = 'failed';
CREATE INDEX delivery_event ON delivery (event, endpoint, state);

-- How many unsettled deliveries a lane has. Its row is what two writers of one lane wait for,
-- so that of its deliveries there is always exactly one at the head.
CREATE TABLE lane (
  endpoint text COLLATE "C" NOT NULL,
  account  text COLLATE "C" NOT NULL,
  lane     bytea            NOT NULL,
  waiting  bigint           NOT NULL CHECK (waiting >= 0),
  PRIMARY KEY (endpoint, account, lane)
) WITH (fillfactor = 50);

-- The wall clock of each instance as it stood when it was last of use.
CREATE TABLE clock (
  instance text COLLATE "C" PRIMARY KEY,
  at       double precision NOT NULL
);

-- The last time that an instance moved what waits because the wall clock was set: others of the
-- same machine felt the same step, and it is made once.
CREATE TABLE redating (
  id       smallint         PRIMARY KEY CHECK (id = 0),
  instance text COLLATE "C" NOT NULL,
  seconds  double precision NOT NULL,
  at       timestamptz      NOT NULL
);

-- How each account is doing: three clocks kept apart, and the strikes against its credentials.
CREATE TABLE health (
  account    text COLLATE "C" PRIMARY KEY,
  tenant     text             NOT NULL,
  email      text             NOT NULL,
  state      text             NOT NULL,
  since      double precision NOT NULL,
  proof_at   double precision,
  work_at    double precision,
  error_at   double precision,
  error      text,
  trouble    text,
  lag        double precision,
  strikes    bigint           NOT NULL,
  credential text             NOT NULL
) WITH (fillfactor = 70);

-- How each endpoint is doing.
CREATE TABLE endpoint (
  id              text COLLATE "C" PRIMARY KEY,
  disabled_at     double precision,
  disabled_reason text             NOT NULL,
  failing_since   double precision,
  failures        bigint           NOT NULL,
  delivered_at    double precision
);
