"""A store on SQLite: one folder of one machine, held by one process."""
