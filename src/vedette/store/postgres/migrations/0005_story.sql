-- How an account is doing, in more words: where it stands, what the server said, and what is tried
-- next. Older instances go on with the columns that they know; of a row that they wrote last
-- `state` counts.
ALTER TABLE health
  ADD COLUMN stage         text,
  ADD COLUMN stage_since   double precision,
  ADD COLUMN reply         text,
  ADD COLUMN response_code text,
  ADD COLUMN held          text,
  ADD COLUMN attempts      bigint NOT NULL DEFAULT 0,
  ADD COLUMN retry_at      double precision,
  ADD COLUMN reconnect     bigint NOT NULL DEFAULT 0,
  ADD COLUMN resynced      bigint NOT NULL DEFAULT 0;
