"""``vedette guard list|show``: which guards are posted at a service, and how."""

from __future__ import annotations

from typing import Final

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, shown
from vedette.cli.verb import listed
from vedette.client import Guard

COLUMNS: Final[Columns[Guard]] = {
    "name": lambda each: each.id,
    "tenant": lambda each: each.tenant,
    "pack": lambda each: each.pack or "its own text",
    "active": lambda each: each.active,
    "origin": lambda each: each.origin,
    "mode": lambda each: each.settings.get("mode", "shadow"),
    "accounts": lambda each: each.settings.get("accounts") or "all",
}


def list_(text: str = "", *, limit: int = 1_000, at: Reach = HERE) -> int:
    """List guards by name: those that were posted, and those of the service's configuration file.

    Parameters
    ----------
    text
        Only those with this in their name or pack.
    limit
        The first so many.
    """
    return listed(at, COLUMNS, limit, lambda client, page: client.guards.list(q=text, limit=page))


def show(guard: str, *, at: Reach = HERE) -> int:
    """Show a guard as it is wanted; what is enforced of a protective one may be more.

    Parameters
    ----------
    guard
        Its name.
    """
    return shown(at.ask(lambda client: client.guards.get(guard)), as_json=at.as_json)
