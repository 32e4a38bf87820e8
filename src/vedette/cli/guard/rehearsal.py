"""A guard of a service is tried there: on mail in files, and on the mail of a mailbox."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path

from vedette.cli.live import plain
from vedette.cli.reach import Reach
from vedette.cli.sheet import line
from vedette.client import BacktestWish, Client, Judged, Tally, TestWish, Trial
from vedette.errors import UsageError
from vedette.service.guards.mailfiles import messages_in


def refuse_elsewhere(at: Reach) -> None:
    """Raise UsageError where a URL is given for what is judged here."""
    if at.server is not None:
        raise UsageError("--server needs --guard: a guard that is posted there")


async def tested(
    client: Client, guard: str, places: Sequence[Path], authserv: Sequence[str], *, as_json: bool
) -> None:
    """Have a posted guard judge mail in files, and print a line for each message."""
    for place in places:
        for name, octets in messages_in(place):
            wish = TestWish(base64=b64encode(octets).decode(), authserv=tuple(authserv))
            found = await client.guards.test(guard, wish)
            print(line(found) if as_json else _told(name, found), flush=True)


async def gone_over(
    client: Client,
    guard: str,
    wish: BacktestWish,
    *,
    as_json: bool,
    remark: Callable[[str], None],
) -> tuple[Tally, float]:
    """Have a guard go over a mailbox, print what it would do something with, and return the sum.

    With it comes the share of moved mail from which on the guard would stop.
    """
    tally, share, said = Tally(), 1.0, set[str]()
    async for stretch in client.guards.stretches(guard, wish):
        for each in stretch.items:
            sys.stdout.write(f"{line(each) if as_json else _line(each)}\n")
        sys.stdout.flush()
        for text in stretch.remarks:
            if text not in said:
                said.add(text)
                remark(text)
        tally, share = tally + stretch.tally, stretch.share
    return tally, share


def _told(name: str, found: Trial) -> str:
    return f"{name}: {plain(found.explanation)}"


def _line(each: Judged) -> str:
    day = "----------" if each.arrived is None else each.arrived.date().isoformat()
    left = "allowed: " if each.allowed else ""
    where = f"{plain(each.folder)} UID {each.uid}"
    return f"{day}  {where}  {plain(each.sender)}  {left}{plain(each.explanation)}"
