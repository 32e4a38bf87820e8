"""The state that survives: a store on SQLite, and a reader for a second process.

It knows the nouns and the port, and nothing of the engine that uses it. The
way in is ``vedette.store.sqlite.SqliteStore`` and ``vedette.store.reader.read_only``.
"""
