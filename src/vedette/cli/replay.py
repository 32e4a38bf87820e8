"""``vedette replay``: deliver stored events once more, with the ids that they had."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vedette.app.control import ask
from vedette.app.replaying import query_to
from vedette.cli.endpoints.again import queued, redriven, replayed
from vedette.cli.place import state_of
from vedette.cli.reach import HERE, Reach
from vedette.cli.stored import Newest
from vedette.cli.verb import PAGE, given
from vedette.client.client import Client
from vedette.client.endpoints import Redrive, Replay
from vedette.errors import NetworkError, UsageError
from vedette.outbox.envelope import instant
from vedette.ports.store import EventQuery

#: Requests for one step whose answers are lost, one after the other, before that is told.
TRIES = 3
#: More in one call than this is a migration; do it in steps.
MAX_REPLAY = 1_000_000


def replay(
    *,
    account: str | None = None,
    type_: Annotated[tuple[str, ...], Parameter(name="--type", negative=())] = (),
    since: str | None = None,
    until: str | None = None,
    event: str | None = None,
    endpoint: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    failed: Annotated[bool, Parameter(negative=())] = False,
    limit: int = MAX_REPLAY,
    at: Reach = HERE,
) -> int:
    """Queue stored events again, for all endpoints or for the named ones.

    Parameters
    ----------
    account
        Only this account's events.
    type_
        Only this type (again for more), such as message.received or account.*.
    since
        Only from this instant on, such as 2026-11-01 or 2026-11-01T12:00:00Z.
    until
        Only before this instant.
    event
        Only the event of this id.
    endpoint
        Deliver to this endpoint, and enable it if it was disabled (again for more);
        the default is all of them.
    failed
        Only what an endpoint was sent and did not take in all its attempts: its dead letters.
        vedette deliveries --failed shows them.
    limit
        The newest so many; of dead letters the oldest. A service elsewhere takes it with --failed.
    """
    if not failed and account is None and not type_ and since is None and event is None:
        raise UsageError(
            "replay needs --since, --account, --type, --event or --failed: not everything"
        )
    newest = Newest(account=account, since=since, limit=limit)
    query = newest.events(types=type_, until=until, event=event)
    if at.is_elsewhere:
        count = _asked(at, query, endpoint, failed=failed)
    else:
        folder = state_of(at.config, at.state)
        count = asyncio.run(_queued(folder, query, endpoint, failed=failed))
    print(json.dumps({"queued": count}) if at.json else queued(count))
    return 0


def _asked(at: Reach, query: EventQuery, endpoints: Sequence[str], *, failed: bool) -> int:
    """Have a service elsewhere queue them, for each endpoint of its API or of its own file."""
    if not failed and query.limit != MAX_REPLAY:
        raise UsageError("--limit is for --failed, or for a service on this machine")
    which = given(
        account=query.account,
        type=",".join(query.types) or None,
        from_=_instant(query.start),
        to=_instant(query.end),
        event=query.event,
    )

    async def work(client: Client) -> int:
        names = list(endpoints) or [
            each.id async for each in client.endpoints.list(limit=PAGE) if each.active
        ]
        count = 0
        for name in names:
            if not failed:
                count += await replayed(client, name, Replay(**which))
            elif count < query.limit:
                wish = Redrive(**which, limit=query.limit - count)
                count += await redriven(client, name, wish)
        return count

    return at.ask(work)


def _instant(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


async def _queued(
    folder: Path, query: EventQuery, endpoints: Sequence[str], *, failed: bool
) -> int:
    """Have the service queue them, in as many requests as it takes; return how many."""
    count, rest, command = 0, None, "redrive" if failed else "replay"
    # One instant for all requests of a replay: one that is repeated queues nothing twice.
    asked = time.time()
    while True:
        left = replace(query, limit=query.limit - count) if failed else query
        request = {
            "command": command,
            "query": query_to(left),
            "endpoints": list(endpoints),
            "asked": asked,
            "rest": rest,
        }
        answer = await _answer(folder, request, patient=not failed)
        count += int(answer.get("queued", 0))
        rest = answer.get("rest")
        if rest is None and not answer.get("more"):
            return count
        print(f"queued {count} so far{_reached(rest)}", file=sys.stderr, flush=True)


async def _answer(folder: Path, request: dict[str, Any], *, patient: bool) -> dict[str, Any]:
    """Ask the service; what may be asked twice is, when an answer is lost."""
    for more in range(TRIES if patient else 1, 0, -1):
        try:
            answer = await ask(folder, request)
        except NetworkError:
            if more == 1:
                raise
            continue
        if answer is None:
            raise UsageError(
                f"no service runs on {folder}; start vedette serve, which delivers them"
            )
        if "error" in answer:
            raise UsageError(str(answer["error"]))
        return answer
    raise AssertionError("the last try answers or raises")


def _reached(rest: Any) -> str:
    """Return for which endpoint, and up to which instant, a replay has come."""
    if not isinstance(rest, dict):
        return ""
    span = rest.get("span")
    since = f", events up to {instant(span[0][0])}" if span else ""
    return f" ({rest['endpoint']}{since})"
