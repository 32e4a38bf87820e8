-- How an account is doing, in more words: where it stands, what the server said, and what is tried
-- next. Of a row that an older Vedette wrote nothing of this is known, and `state` counts.
ALTER TABLE health ADD COLUMN stage         TEXT;
ALTER TABLE health ADD COLUMN stage_since   REAL;
ALTER TABLE health ADD COLUMN reply         TEXT;
ALTER TABLE health ADD COLUMN response_code TEXT;
ALTER TABLE health ADD COLUMN held          TEXT;
ALTER TABLE health ADD COLUMN attempts      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE health ADD COLUMN retry_at      REAL;
ALTER TABLE health ADD COLUMN reconnect     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE health ADD COLUMN resynced      INTEGER NOT NULL DEFAULT 0;
