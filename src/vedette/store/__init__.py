"""The state that survives, one package for each kind of store.

It knows the nouns and the ports, and nothing of the engine that uses it. The way in is
``vedette.store.sqlite.store.SqliteStore``, and ``vedette.store.sqlite.reader.read_only`` for a
second process.
"""
