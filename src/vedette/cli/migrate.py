"""``vedette migrate``: bring the database that instances share to the newest shape."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vedette.app.state import postgres
from vedette.cli.database import database_of


def migrate(*, config: Path | None = None, store: str | None = None) -> int:
    """Bring a Postgres to the shape that this version writes.

    Run it before the first instance of a new version starts, or let that instance do it. Instances
    of the version before go on meanwhile and after. The state in SQLite needs none of this: a
    start brings it along.

    Parameters
    ----------
    config
        The configuration, for which database it is.
    store
        The Postgres: postgres://user@host/database. VEDETTE_STORE and [store] say it without a
        password in sight.
    """
    before, after = asyncio.run(postgres("schema").upgrade(database_of(config, store)))
    print(f"version {after}" if before == after else f"version {before} → {after}")
    return 0
