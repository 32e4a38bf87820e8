"""``vedette events pull|stream``: events in the order of their commits, from a service."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from vedette.cli.live import lines
from vedette.cli.reach import HERE, Reach
from vedette.client.client import Client
from vedette.client.events import Pulled

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

    async def work(client: Client) -> Pulled:
        found = await client.events.pull(
            after=after, reader=reader, types=type_, account=account, limit=limit, wait=wait
        )
        for each in found.items:
            _print(each, as_json=at.as_json)
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


def readers(*, at: Reach = HERE) -> int:
    """Show how far each reader acknowledged."""

    async def work(client: Client) -> None:
        async for each in client.events.readers():
            told = {"reader": each.reader, "cursor": each.cursor, "at": each.at.isoformat()}
            text = json_module.dumps(told) if at.as_json else "  ".join(told.values())
            print(text)

    at.ask(work)
    return 0


def _print(event: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_module.dumps(event, ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False)
    head, *rest = lines(dict(event))
    head.append(f"  {event.get('id', '')}", style="dim")
    for line in (head, *rest):
        console.print(line, soft_wrap=True)
