-- What was found when a folder was held against the ledger: a row for each of its last days.
CREATE TABLE day_count (
  account    text   NOT NULL,
  path       bytea  NOT NULL,
  day        text   NOT NULL,
  folder     text   NOT NULL,
  server     bigint NOT NULL,
  owed       bigint NOT NULL,
  missing    bigint NOT NULL,
  checked_at float8 NOT NULL,
  PRIMARY KEY (account, path, day)
);
CREATE INDEX day_count_by_look ON day_count (checked_at);
