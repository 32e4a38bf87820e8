"""What of the state a command shows: where it is, whose, since when, how many, in which form.

It must not know what is shown.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cyclopts import Parameter

from vedette.cli.view import view
from vedette.errors import UsageError
from vedette.model.ids import AccountId, EventId
from vedette.ports.state import StateView
from vedette.ports.store import EventQuery


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where the state is, and how what is found there is printed.

    Parameters
    ----------
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    json
        One JSON line for each; the default where the output is not a terminal.
    """

    config: Path | None = None
    state: Path | None = None
    json: bool | None = None

    @property
    def as_json(self) -> bool:
        """Whether it is for a program."""
        return self.json if self.json is not None else not sys.stdout.isatty()

    def read(self) -> StateView:
        """Open the state for reading. Raises StoreError, and ConfigError where it is not named."""
        return view(self.config, self.state)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """Whose, since when, and how many.

    Parameters
    ----------
    account
        Only this account's.
    since
        Only from this instant on, such as 2026-11-01 or 2026-11-01T12:00:00Z.
    limit
        The newest so many.
    """

    account: str | None = None
    since: str | None = None
    limit: int = 50

    @property
    def owner(self) -> AccountId | None:
        """The account."""
        return None if self.account is None else AccountId(self.account)

    @property
    def start(self) -> float | None:
        """The instant, in seconds since 1970. Raises UsageError."""
        return instant_of("--since", self.since)

    @property
    def most(self) -> int:
        """The number. Raises UsageError where it is none."""
        if self.limit < 1:
            raise UsageError("--limit needs a number from 1 on")
        return self.limit

    def events(
        self, *, types: tuple[str, ...], until: str | None, event: str | None = None
    ) -> EventQuery:
        """Return the query for events that this and other options describe. Raises UsageError."""
        return EventQuery(
            account=self.owner,
            types=types,
            start=self.start,
            end=instant_of("--until", until),
            event=None if event is None else EventId(event),
            limit=self.most,
        )


#: Without options: the usual place, and the newest of all accounts.
USUAL = Stored()
NEWEST = Newest()


def instant_of(option: str, text: str | None) -> float | None:
    """Return the instant that an option names, in seconds since 1970. Raises UsageError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is no date such as 2026-11-01") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
