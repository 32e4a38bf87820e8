"""``vedette audit show|verify``: the trail of what people did."""

from __future__ import annotations

from typing import Final

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line
from vedette.cli.verb import listed
from vedette.client.audit import Entry
from vedette.client.client import Client
from vedette.errors import StoreError

COLUMNS: Final[Columns[Entry]] = {
    "number": lambda each: each.number,
    "at": lambda each: each.at,
    "actor": lambda each: each.actor,
    "what": lambda each: each.what,
    "detail": lambda each: each.detail,
}


def show(*, limit: int = 1_000_000, at: Reach = HERE) -> int:
    """Show every step that was taken: who, when, what; oldest first.

    Parameters
    ----------
    limit
        The first so many.
    """
    return listed(at, COLUMNS, limit, lambda client, page: client.audit.list(limit=page))


def verify(*, head: str | None = None, at: Reach = HERE) -> int:
    """Say whether the trail is unbroken, and its head: keep that one elsewhere.

    Parameters
    ----------
    head
        A head that was kept elsewhere: say whether the trail still has that entry.
    """
    found = at.ask(lambda client: client.audit.verify())
    if at.as_json:
        print(line(found))
    if not found.is_unbroken:
        raise StoreError(
            f"the audit is broken at entry {found.broken_at}: it was changed, or is missing"
        )
    if head is not None:
        number = at.ask(lambda client: _number(client, head.lower()))
        if number is None:
            raise StoreError(
                "no entry has this head: the state was put back, or the audit written over"
            )
        if not at.as_json:
            print(f"entry {number} and all before it are as they were")
    if not at.as_json:
        count = "1 entry" if found.entries == 1 else f"{found.entries:,} entries"
        print(f"{count}, unbroken; the head is {found.head}")
    return 0


async def _number(client: Client, head: str) -> int | None:
    async for each in client.audit.list(limit=1_000):
        if each.digest == head:
            return each.number
    return None
