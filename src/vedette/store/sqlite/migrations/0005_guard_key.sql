-- Which key guards remember messages by: a salt, and its HMAC under the key. The key itself lies
-- beside the state, not in it.
CREATE TABLE guard_key (
  id     INTEGER PRIMARY KEY CHECK (id = 0),
  salt   BLOB    NOT NULL,
  digest BLOB    NOT NULL
) STRICT;
