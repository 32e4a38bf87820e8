"""``vedette guard backtest``: what a guard would have done with the mail that is there."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vedette import client
from vedette.app.backtest import Tried
from vedette.app.backtest import backtest as judged
from vedette.app.guards.recorded import Recorded, recorded
from vedette.cli.guard.choice import chosen, others_at, ready, remark, state_or_none
from vedette.cli.guard.posting import pack_of
from vedette.cli.guard.rehearsal import gone_over, refuse_elsewhere
from vedette.cli.mailbox import Wanted, settings_of
from vedette.cli.reach import HERE, Reach
from vedette.cli.verb import given
from vedette.cli.view import view_or_none
from vedette.client import BacktestWish
from vedette.config.settings import GuardSettings, Settings
from vedette.errors import UsageError
from vedette.service.guards.backtest import Judged, Span, Tally, tallied
from vedette.service.guards.trial import thinking
from vedette.telemetry.log import LogPolicy, Style, configure


def backtest(
    mailbox: str,
    /,
    *,
    pack: str | None = None,
    guard: str | None = None,
    since: str | None = None,
    last: int | None = None,
    password_file: Path | None = None,
    folder: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    at: Reach = HERE,
) -> int:
    """Judge the mail of a mailbox by a guard, and move nothing: the list, and the sum.

    With --guard the service goes over the mailbox of an account that it has; else it is done here,
    with a session of its own. Either knows what a guard at its post knows, and reads no mail without
    the consent that a guard asks for; but scorers that are services are not asked. It is for a
    person unless --json is given: one line for each message that it would do something with.

    Parameters
    ----------
    mailbox
        imaps://user@host, or the name of an account in the configuration; with --guard the id of
        an account of the service.
    pack
        A guard of the configuration, a shipped pack (gambling without this), or the path of a
        YAML file; with --guard a shipped pack or a file that is tried in the place of its own.
    guard
        A guard of the service: one that was posted there, or one of its configuration file.
    since
        Only mail since then: a date such as 2026-11-01, or 30d for the last 30 days.
    last
        Only the last so many messages of each folder.
    password_file
        Read the password from the first line of this file.
    folder
        A folder that is judged (again for more); the watched ones without it.
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    span = _span(since, last)
    if guard is not None:
        if password_file is not None:
            raise UsageError("--password-file is for a mailbox that is read from here")
        wish = BacktestWish(account=mailbox, folders=folder, **_wish(pack, span))
        return _asked(at, guard, wish)
    refuse_elsewhere(at)
    wanted = Wanted(mailbox=mailbox, folders=folder, password_file=password_file, config=at.config)
    return _gone_over(pack or "gambling", wanted, span, at)


def _asked(at: Reach, guard: str, wish: BacktestWish) -> int:
    """Have the service go over a mailbox of its own."""
    tally, share = at.ask(
        lambda client: gone_over(client, guard, wish, as_json=bool(at.json), remark=remark)
    )
    print(end="" if at.json else f"{_sum(tally, share)}\n")
    return 0


def _wish(pack: str | None, span: Span) -> dict[str, Any]:
    found = {} if pack is None else pack_of(pack)
    since = None if span.since is None else span.since.isoformat()
    return {**found, **given(since=since, last=span.last)}


def _gone_over(pack: str, wanted: Wanted, span: Span, at: Reach) -> int:
    """Go over a mailbox from here."""
    guarded, place = chosen(pack, at.config), state_or_none(at.config, at.state)
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        settings = settings_of(wanted, Path(scratch))
        known = recorded(view_or_none(at.config, at.state), settings.accounts[0].account.id)
        tried = _tried(guarded, wanted, known, place)
        tally = asyncio.run(_told(settings, tried, span, Path(scratch), as_json=bool(at.json)))
    print(end="" if at.json else f"{_sum(tally, tried.guard.pack.limits.share)}\n")
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
                print(json.dumps(_values(each)) if as_json else _line(each))
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


def _sum(tally: Tally | client.Tally, share: float) -> str:
    line = (
        f"would move {tally.moved:,} of {tally.judged:,}, mark {tally.marked:,}, delete 0; "
        f"{tally.capped:,} were protected"
    )
    if tally.left:
        line += f"; {tally.left:,} are of senders that it is to leave alone"
    if tally.unread:
        line += f"; {tally.unread:,} could not be read"
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
