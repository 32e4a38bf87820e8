"""A store on Postgres: one database, held by as many instances as there are.

``asyncpg`` is imported in this package and nowhere else, so that who has no Postgres needs none of
it. The way in is ``vedette.store.postgres.store.PostgresStore``.
"""
