-- At which accounts a guard that is enforced stands: what changed of `lock` since it was written,
-- an account a row, so that of thousands of accounts one costs what one costs. `edition` counts the
-- changes. A row counts while its `base` is the `at` of what is enforced: who writes `lock` anew,
-- an older Vedette too, writes all of it. Where `sight` is NULL it stands there no more.
ALTER TABLE protection ADD COLUMN edition INTEGER NOT NULL DEFAULT 0;

CREATE TABLE ward (
  tenant  TEXT NOT NULL,
  guard   TEXT NOT NULL,
  account TEXT NOT NULL,
  base    REAL NOT NULL,
  sight   TEXT,
  PRIMARY KEY (tenant, guard, account)
) STRICT, WITHOUT ROWID;
