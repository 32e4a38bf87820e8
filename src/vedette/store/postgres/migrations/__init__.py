"""The steps of the shape of the state on Postgres, numbered; an old one is never changed."""
