"""``vedette endpoints test|enable|redrive|replay``: what is done with an endpoint now."""

from __future__ import annotations

import sys

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line, shown, told
from vedette.cli.verb import moment
from vedette.client.client import Client
from vedette.client.endpoints import Redrive, Replay
from vedette.client.shape import UNSET
from vedette.errors import UsageError

#: The exit status of an endpoint that takes nothing: EX_UNAVAILABLE.
FAILED = 69
#: Steps of one replay: a million events are in a thousand.
MAX_STEPS = 100_000


def try_(endpoint: str, *, at: Reach = HERE) -> int:
    """Send an event to try an endpoint out, and show what it answered.

    Parameters
    ----------
    endpoint
        Its id.
    """
    found = at.ask(lambda client: client.endpoints.test(endpoint))
    if at.as_json:
        print(line(found))
    else:
        print(f"{told(found.outcome)} in {found.milliseconds} ms: {told(found.detail)}")
    return 0 if found.is_good else FAILED


def enable(endpoint: str, *, at: Reach = HERE) -> int:
    """Deliver again to an endpoint that was disabled.

    Parameters
    ----------
    endpoint
        Its id.
    """
    return shown(at.ask(lambda client: client.endpoints.enable(endpoint)), as_json=at.as_json)


def redrive(endpoint: str, *, account: str | None = None, at: Reach = HERE) -> int:
    """Queue all dead letters of an endpoint again.

    Parameters
    ----------
    endpoint
        Its id.
    account
        Only those of this account's events.
    """
    wish = Redrive(account=UNSET if account is None else account)

    async def work(client: Client) -> int:
        count = 0
        for _ in range(MAX_STEPS):
            done = await client.endpoints.redrive(endpoint, wish)
            count += done.queued
            if not done.has_more or not done.queued:
                return count
            print(f"queued {count} so far", file=sys.stderr, flush=True)
        return count

    return _queued(at.ask(work))


def replay(
    endpoint: str,
    *,
    since: str | None = None,
    until: str | None = None,
    account: str | None = None,
    type_: str | None = None,
    event: str | None = None,
    at: Reach = HERE,
) -> int:
    """Deliver stored events once more, with the ids that they had.

    Parameters
    ----------
    endpoint
        Its id.
    since
        Only from this instant on, such as 2026-11-01 or 2026-11-01T12:00:00Z.
    until
        Only before this instant.
    account
        Only this account's events.
    type_
        Only events of this type.
    event
        Only the event of this id.
    """
    if since is None and account is None and type_ is None and event is None:
        raise UsageError("replay needs --since, --account, --type or --event: not everything")

    async def work(client: Client) -> int:
        count, rest = 0, None
        for _ in range(MAX_STEPS):
            wish = Replay(
                account=UNSET if account is None else account,
                type=UNSET if type_ is None else type_,
                from_=moment("--since", since),
                to=moment("--until", until),
                event=UNSET if event is None else event,
                next=UNSET if rest is None else rest,
            )
            done = await client.endpoints.replay(endpoint, wish)
            count, rest = count + done.queued, done.next
            if rest is None:
                return count
            print(f"queued {count} so far", file=sys.stderr, flush=True)
        return count

    return _queued(at.ask(work))


def _queued(count: int) -> int:
    print(f"queued {count} {'delivery' if count == 1 else 'deliveries'}")
    return 0
