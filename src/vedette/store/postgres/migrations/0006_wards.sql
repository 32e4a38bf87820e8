-- At which accounts a guard that is enforced stands: what changed of `lock` since it was written,
-- an account a row, so that of thousands of accounts one costs what one costs. `edition` counts the
-- changes. A row counts while its `base` is the `at` of what is enforced: who writes `lock` anew,
-- an older instance too, writes all of it. Where `sight` is NULL it stands there no more.
ALTER TABLE protection ADD COLUMN edition bigint NOT NULL DEFAULT 0;

CREATE TABLE ward (
  tenant  text   NOT NULL,
  guard   text   NOT NULL,
  account text   NOT NULL,
  base    float8 NOT NULL,
  sight   text,
  PRIMARY KEY (tenant, guard, account)
);
