-- What was found when a folder was held against the ledger: a row for each of its last days.
CREATE TABLE day_count (
  account    TEXT    NOT NULL,
  path       BLOB    NOT NULL,
  day        TEXT    NOT NULL,
  folder     TEXT    NOT NULL,
  server     INTEGER NOT NULL,
  owed       INTEGER NOT NULL,
  missing    INTEGER NOT NULL,
  checked_at REAL    NOT NULL,
  PRIMARY KEY (account, path, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX day_count_by_look ON day_count (checked_at);
