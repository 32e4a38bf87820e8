-- The wall clock as it stood when it was last of use: a run that begins earlier began after the
-- clock was set back, and what waits was dated by the clock of before.
CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  at REAL NOT NULL
) STRICT;
