"""The statements of the store on Postgres, in named blocks."""
