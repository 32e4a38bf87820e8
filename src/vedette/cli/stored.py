"""Which part of what is stored a command shows: whose, since when, how many.

It must not know what is shown, or where it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cyclopts import Parameter

from vedette.client.shape import UNSET, Unset
from vedette.errors import UsageError
from vedette.model.ids import AccountId, EventId
from vedette.ports.store import EventQuery


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


#: Without options: the newest of all accounts.
NEWEST = Newest()


def instant_of(option: str, text: str | None) -> float | None:
    """Return the instant that an option names, in seconds since 1970. Raises UsageError."""
    found = moment(option, text)
    return None if isinstance(found, Unset) else found.timestamp()


def moment(option: str, text: str | None) -> datetime | Unset:
    """Return the instant that an option names, in UTC where it names no zone. Raises UsageError."""
    if text is None:
        return UNSET
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is no date such as 2026-11-01") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
