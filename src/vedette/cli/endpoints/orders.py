"""``vedette endpoints test|enable|redrive|replay``: what is done with an endpoint now."""

from __future__ import annotations

import json

from vedette.cli.endpoints.again import queued, redriven, replayed
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line, shown, told
from vedette.cli.stored import moment
from vedette.cli.verb import given
from vedette.client.endpoints import Redrive, Replay
from vedette.errors import UsageError

#: The exit status of an endpoint that takes nothing: EX_UNAVAILABLE.
FAILED = 69


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
    wish = Redrive(**given(account=account))
    return _told(at.ask(lambda client: redriven(client, endpoint, wish)), at)


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

    wish = Replay(
        from_=moment("--since", since),
        to=moment("--until", until),
        **given(account=account, type=type_, event=event),
    )
    return _told(at.ask(lambda client: replayed(client, endpoint, wish)), at)


def _told(count: int, at: Reach) -> int:
    print(json.dumps({"queued": count}) if at.as_json else queued(count))
    return 0
