"""``vedette events pull|stream|show|ack …``: events in the order of their commits, from a service."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.console import Console

from vedette.cli.live import lines
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, shown
from vedette.cli.verb import each, listed
from vedette.client.client import Client
from vedette.client.events import Pulled, Reader
from vedette.errors import UsageError

READERS: Final[Columns[Reader]] = {
    "reader": lambda one: one.reader,
    "cursor": lambda one: one.cursor,
    "at": lambda one: one.at,
}

Types = Annotated[tuple[str, ...], Parameter(name="--type", negative=())]


def pull(
    *,
    after: str | None = None,
    reader: str | None = None,
    type_: Types = (),
    account: str | None = None,
    limit: int = 100,
    wait: float = 0.0,
    ack: Annotated[bool, Parameter(negative=())] = False,
    at: Reach = HERE,
) -> int:
    """Print the next events, oldest first, and on standard error the cursor behind them.

    Parameters
    ----------
    after
        The cursor to begin behind, or now; without it all that is stored.
    reader
        Begin behind what this reader acknowledged.
    type_
        Only this type (again for more), such as message.received or account.*.
    account
        Only this account's.
    limit
        So many at most.
    wait
        Seconds to wait where nothing is new, up to 30.
    ack
        Acknowledge for the reader what was printed.
    """
    _check(reader, ack=ack)

    async def work(client: Client) -> Pulled:
        found = await client.events.pull(
            after=after, reader=reader, types=type_, account=account, limit=limit, wait=wait
        )
        for event in found.items:
            _print(event, as_json=at.as_json)
        sys.stdout.flush()
        if ack and reader is not None:
            await client.events.ack(reader, found.next)
        return found

    found = at.ask(work)
    print(f"next {found.next}", file=sys.stderr)
    return 0


def stream(
    *,
    after: str | None = "now",
    reader: str | None = None,
    type_: Types = (),
    account: str | None = None,
    ack: Annotated[bool, Parameter(negative=())] = False,
    at: Reach = HERE,
) -> int:
    """Print events as they come, until stopped; a connection that is lost is made again.

    Parameters
    ----------
    after
        The cursor to begin behind; without it only what is new.
    reader
        Begin behind what this reader acknowledged.
    type_
        Only this type (again for more), such as message.received or account.*.
    account
        Only this account's.
    ack
        Acknowledge for the reader each event that was printed.
    """
    _check(reader, ack=ack)
    begin = None if reader is not None and after == "now" else after

    async def work(client: Client) -> None:
        async for told in client.events.stream(
            after=begin, reader=reader, types=type_, account=account
        ):
            _print(told.event, as_json=at.as_json)
            sys.stdout.flush()
            if ack and reader is not None:
                await client.events.ack(reader, told.cursor)

    at.ask(work)
    return 0


def show(event: str, *, at: Reach = HERE) -> int:
    """Show one event, and what became of its deliveries.

    Parameters
    ----------
    event
        Its id.
    """
    found = at.ask(lambda client: client.events.get(event))
    if at.as_json:
        print(line(found))
        return 0
    _print(found.event, as_json=False)
    count = found.deliveries
    print(f"delivered {count.delivered}, due {count.due}, failed {count.failed}")
    return 0


def readers(*, limit: int = 1_000, at: Reach = HERE) -> int:
    """Show how far each reader acknowledged.

    Parameters
    ----------
    limit
        The first so many.
    """
    return listed(at, READERS, limit, lambda client, page: client.events.readers(limit=page))


def ack(reader: str, cursor: str, *, at: Reach = HERE) -> int:
    """Keep that a reader has done with all events up to a cursor; it never goes back.

    Parameters
    ----------
    reader
        The reader's name.
    cursor
        The cursor, as vedette events pull says it behind next.
    """
    return shown(at.ask(lambda client: client.events.ack(reader, cursor)), as_json=at.as_json)


def forget(*readers: str, at: Reach = HERE) -> int:
    """Forget how far readers are: they begin with all that is stored.

    Parameters
    ----------
    readers
        Their names.
    """
    return each(at, readers, "forgot", lambda client, name: client.events.forget(name))


def _check(reader: str | None, *, ack: bool) -> None:
    if ack and reader is None:
        raise UsageError("--ack keeps how far a reader is: say whose, with --reader")


def _print(event: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_module.dumps(event, ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False)
    head, *rest = lines(dict(event))
    head.append(f"  {event.get('id', '')}", style="dim")
    for row in (head, *rest):
        console.print(row, soft_wrap=True)
