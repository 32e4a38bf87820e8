-- Which key guards remember messages by: a salt, and its HMAC under the key. The key itself lies
-- in the state folder of each instance, and not here.
CREATE TABLE guard_key (
  id     smallint PRIMARY KEY CHECK (id = 0),
  salt   bytea    NOT NULL,
  digest bytea    NOT NULL
);
