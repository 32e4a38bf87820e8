"""``vedette store copy``: from SQLite to Postgres, whole and proved, or not at all."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from vedette.app.state import postgres
from vedette.cli.database import database_of
from vedette.cli.place import state_of


def copy(
    *,
    config: Path | None = None,
    state: Path | None = None,
    store: str | None = None,
    json: bool | None = None,
) -> int:
    """Copy the state of a stopped service to an empty Postgres, and prove that all of it arrived.

    Cursors, events, deliveries and what belongs to guards go in one transaction: what breaks off
    leaves the database empty, and is begun anew. The state folder is only read. Keep it, as it is
    still the service's place for keys and large messages; but run no service with SQLite on it
    after one has run on Postgres.

    Parameters
    ----------
    config
        The configuration, for where the state is and where it goes.
    state
        The state folder itself.
    store
        The Postgres: postgres://user@host/database. VEDETTE_STORE and [store] say it without a
        password in sight.
    json
        One JSON object; the default where the output is not a terminal.
    """
    folder, url = state_of(config, state), database_of(config, store)
    as_json = json if json is not None else not sys.stdout.isatty()
    copying = postgres("copy")

    def tell(table: str, rows: int) -> None:
        if rows and not as_json:
            print(f"{table}: {rows}", file=sys.stderr)

    proof = asyncio.run(copying.copy(folder, url, now=time.time(), tell=tell))
    if as_json:
        sys.stdout.write(json_module.dumps(_json(proof)) + "\n")
    else:
        Console(highlight=False).print(_table(proof))
    return 0


def _json(proof: Any) -> dict[str, Any]:
    return {
        "rows": proof.rows,
        "bodyOctets": proof.octets,
        "auditHead": proof.audit.head.hex(),
        "auditBrokenAt": proof.audit.broken_at,
        "wasDone": proof.was_done,
    }


def _table(proof: Any) -> Table:
    was = "An earlier copy had brought all of it" if proof.was_done else "All of it arrived"
    table = Table("table", "rows here", "rows there", title=f"{was}; both sides were counted.")
    for name, rows in proof.rows.items():
        table.add_row(name, str(rows), str(rows))
    table.add_row("octets of bodies", str(proof.octets), str(proof.octets))
    return table
