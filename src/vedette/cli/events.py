"""``vedette events``: what was committed, from the state."""

from __future__ import annotations

import json as json_module
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from vedette.cli.live import lines
from vedette.cli.place import state_of
from vedette.errors import UsageError
from vedette.model.ids import AccountId, EventId
from vedette.ports.store import EventQuery
from vedette.store.reader import read_only


def events(
    *,
    config: Path | None = None,
    state: Path | None = None,
    account: str | None = None,
    type_: Annotated[tuple[str, ...], Parameter(name="--type", negative=())] = (),
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    json: bool | None = None,
) -> int:
    """Show stored events, oldest first.

    Parameters
    ----------
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    account
        Only this account's.
    type_
        Only this type (again for more), such as message.received or account.*.
    since
        Only from this instant on, such as 2026-11-01 or 2026-11-01T12:00:00Z.
    until
        Only before this instant.
    limit
        The newest so many.
    json
        One JSON line per event; the default where the output is not a terminal.
    """
    query = query_of(
        account=account, types=type_, since=since, until=until, event=None, limit=limit
    )
    with read_only(state_of(config, state)) as reader:
        found = reader.events(query)
    if json if json is not None else not sys.stdout.isatty():
        for each in reversed(found):
            sys.stdout.write(each.body.decode() + "\n")
        return 0
    console = Console(highlight=False)
    for each in reversed(found):
        head, *rest = lines(json_module.loads(each.body))
        head.append(f"  {each.event}", style="dim")
        if each.due or each.failed:
            head.append(f"  due {each.due}, failed {each.failed}", style="yellow")
        for line in (head, *rest):
            console.print(line, soft_wrap=True)
    return 0


def query_of(
    *,
    account: str | None,
    types: tuple[str, ...],
    since: str | None,
    until: str | None,
    event: str | None,
    limit: int,
) -> EventQuery:
    """Return the query that the options describe. Raises UsageError."""
    if limit < 1:
        raise UsageError("--limit needs a number from 1 on")
    return EventQuery(
        account=None if account is None else AccountId(account),
        types=types,
        start=instant_of("--since", since),
        end=instant_of("--until", until),
        event=None if event is None else EventId(event),
        limit=limit,
    )


def instant_of(option: str, text: str | None) -> float | None:
    """Return the instant that an option names, in seconds since 1970. Raises UsageError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is no date such as 2026-11-01") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
