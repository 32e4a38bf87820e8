"""``vedette guard backtest``: what a guard would have done with the mail that is there."""

from __future__ import annotations

import asyncio
import json as json_module
import tempfile
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.app.backtest import Tried
from vedette.app.backtest import backtest as judged
from vedette.app.guards.recorded import Recorded, recorded
from vedette.cli.guard.choice import chosen, others_at, ready, remark, state_or_none
from vedette.cli.mailbox import Wanted, settings_of
from vedette.cli.view import view_or_none
from vedette.config.settings import GuardSettings, Settings
from vedette.errors import UsageError
from vedette.guard.judging import Guard
from vedette.service.guards.backtest import Judged, Span, Tally, tallied
from vedette.service.guards.trial import thinking
from vedette.telemetry.log import LogPolicy, Style, configure


def backtest(
    mailbox: str,
    /,
    *,
    pack: str = "gambling",
    since: str | None = None,
    last: int | None = None,
    config: Path | None = None,
    state: Path | None = None,
    password_file: Path | None = None,
    folder: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Judge the mail of a mailbox by a guard, and move nothing: the list, and the sum.

    It knows what a guard of the service knows, and reads no mail without the consent that a guard
    of the configuration asks for; but scorers that are services are not asked.

    Parameters
    ----------
    mailbox
        imaps://user@host, or the name of an account in the configuration.
    pack
        A guard of the configuration, a shipped pack, or the path of a YAML file.
    since
        Only mail since then: a date such as 2026-11-01, or 30d for the last 30 days.
    last
        Only the last so many messages of each folder.
    config
        The configuration, for its guards and accounts and for where the state is.
    state
        The state folder, for lists that were fetched, senders that are allowed, and consents.
    password_file
        Read the password from the first line of this file.
    folder
        A folder that is judged (again for more); the watched ones without it.
    json
        One JSON line per message that it would do something with.
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    guarded, place = chosen(pack, config), state_or_none(config, state)
    wanted = Wanted(mailbox=mailbox, folders=folder, password_file=password_file, config=config)
    span = _span(since, last)
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        settings = settings_of(wanted, Path(scratch))
        known = recorded(view_or_none(config, state), settings.accounts[0].account.id)
        tried = _tried(guarded, wanted, known, place)
        tally = asyncio.run(_told(settings, tried, span, Path(scratch), as_json=json))
    print(end="" if json else f"{_sum(tally, tried.guard)}\n")
    return 0


def _tried(guarded: GuardSettings, wanted: Wanted, known: Recorded, state: Path) -> Tried:
    return Tried(
        guard=ready(guarded, state),
        think=thinking(guarded.pack, state),
        # Folders that a person names are judged, wherever it is posted.
        folders=() if wanted.folders else guarded.folders,
        others=others_at(wanted.mailbox, wanted.config),
        known=known,
    )


def _span(since: str | None, last: int | None) -> Span:
    span = Span(since=None if since is None else _day(since), last=last)
    if span == Span():
        raise UsageError("backtest needs --since or --last: not everything")
    return span


async def _told(
    settings: Settings, tried: Tried, span: Span, scratch: Path, *, as_json: bool
) -> Tally:
    tally = Tally()
    found = judged(settings.accounts[0], tried, span, scratch, remark=remark)
    async with aclosing(found) as messages:
        async for each in messages:
            tally += tallied([each])
            if each.is_telling:
                print(json_module.dumps(_values(each)) if as_json else _line(each))
    return tally


def _values(each: Judged) -> dict[str, object]:
    verdict = each.verdict
    return {
        "folder": each.folder,
        "uid": each.uid,
        "arrived": None if each.arrived is None else each.arrived.isoformat(),
        "sender": each.sender,
        "verdict": verdict.name,
        "wanted": verdict.wanted[0].name if verdict.wanted else "keep",
        "score": verdict.score,
        "allowed": each.is_left,
        "explanation": verdict.explained(),
    }


def _line(each: Judged) -> str:
    day = "----------" if each.arrived is None else each.arrived.date().isoformat()
    left = "allowed: " if each.is_left else ""
    return f"{day}  {each.folder} UID {each.uid}  {each.sender}  {left}{each.verdict.explained()}"


def _sum(tally: Tally, guard: Guard) -> str:
    line = (
        f"would move {tally.moved:,} of {tally.judged:,}, mark {tally.marked:,}, delete 0; "
        f"{tally.capped:,} were protected"
    )
    if tally.left:
        line += f"; {tally.left:,} are of senders that it is to leave alone"
    share = guard.pack.limits.share
    if tally.judged and tally.moved > share * tally.judged:
        line += f"; that is more than {share:.0%}, so the guard would stop and only mark"
    return line


def _day(text: str) -> date:
    """Return the day that an option names. Raises UsageError."""
    number = text.removesuffix("d")
    if text.endswith("d") and number.isascii() and number.isdigit() and len(number) <= len("9999"):
        return (datetime.now(UTC) - timedelta(days=int(number))).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--since: {text!r} is neither a date such as 2026-11-01 nor 30d"
        ) from error
