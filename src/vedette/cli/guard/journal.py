"""``vedette guard journal|decisions``: what guards did and decided in mailboxes, newest first."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Final

from vedette.cli.guard.kept import action
from vedette.cli.live import plain
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line
from vedette.cli.stored import NEWEST, Newest, instant_of
from vedette.cli.verb import PAGE, listed
from vedette.cli.view import view
from vedette.client import Action, Client, Decision
from vedette.errors import UsageError
from vedette.model.action import ActionState
from vedette.ports.journal import JournalQuery

DECISIONS: Final[Columns[Decision]] = {
    "at": lambda each: each.at,
    "account": lambda each: each.account,
    "folder": lambda each: each.origin.folder,
    "uid": lambda each: each.origin.uid,
    "guard": lambda each: each.guard,
    "verdict": lambda each: each.verdict,
    "acted": lambda each: each.acted,
    "why": lambda each: each.why,
}


def journal(
    *,
    newest: Newest = NEWEST,
    until: str | None = None,
    guard: str | None = None,
    only: str | None = None,
    at: Reach = HERE,
) -> int:
    """Show what guards did: the action, the message's place before and now, and its state.

    Without --server it is read from the state.

    Parameters
    ----------
    until
        Only before this instant.
    guard
        Only this guard's.
    only
        Only actions in this state, such as done or undone.
    """
    if only is not None and only not in set(ActionState):
        raise UsageError(f"--only {only}: the states are {', '.join(ActionState)}")
    if at.is_elsewhere:
        found = at.ask(lambda client: _asked(client, newest, until, guard, only))
    else:
        found = _read(at, newest, until, guard, only)
    for each in found:
        sys.stdout.write(f"{line(each) if at.as_json else _line(each)}\n")
    return 0


def decisions(
    *,
    newest: Newest = NEWEST,
    until: str | None = None,
    guard: str | None = None,
    at: Reach = HERE,
) -> int:
    """Show what guards decided and why, also where they did nothing.

    Parameters
    ----------
    until
        Only before this instant.
    guard
        Only this guard's.
    """
    begin, end = _moment(newest.start), _moment(instant_of("--until", until))
    return listed(
        at,
        DECISIONS,
        newest.most,
        lambda client, page: client.guards.decisions(
            account=newest.account, guard=guard, begin=begin, end=end, limit=page
        ),
    )


async def _asked(
    client: Client, newest: Newest, until: str | None, guard: str | None, only: str | None
) -> list[Action]:
    found: list[Action] = []
    async for each in client.guards.journal(
        guard=guard,
        account=newest.account,
        state=only,
        begin=_moment(newest.start),
        end=_moment(instant_of("--until", until)),
        limit=min(newest.most, PAGE),
    ):
        found.append(each)
        if len(found) >= newest.most:
            break
    return found


def _read(
    at: Reach, newest: Newest, until: str | None, guard: str | None, only: str | None
) -> list[Action]:
    query = JournalQuery(
        account=newest.owner,
        guard=guard,
        states=() if only is None else (ActionState(only),),
        since=newest.start,
        until=instant_of("--until", until),
        limit=newest.most,
    )
    with view(at.config, at.state) as reader:
        return [action(each) for each in reader.journal(query)]


def _line(entry: Action) -> str:
    place = f"{entry.account} {plain(entry.origin.folder)} UID {entry.origin.uid}"
    what = f"{entry.guard}: {entry.action} to {plain(entry.target)}"
    why = f" ({plain(entry.reason)})" if entry.reason else ""
    when = entry.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"{when}  {entry.state:9} {place}  {what}{why}  {entry.id}"


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
