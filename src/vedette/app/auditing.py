"""Whether a message was missed: what was found the last time, and to have it looked for now.

It must not know how it is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vedette.engine.audit_book import AuditBook
from vedette.model.ids import AccountId
from vedette.ports.completeness import DayCount


class Auditing:
    """``vedette.ports.completeness.Completeness`` of a running service.

    ``probe`` has the watch of an account do what is due, and tells whether there is one.
    """

    __slots__ = ("_book", "_probe")

    def __init__(self, book: AuditBook, probe: Callable[[AccountId], bool]) -> None:
        self._book = book
        self._probe = probe

    def days(self, account: AccountId) -> Sequence[DayCount]:
        """Return what the last looks found, by folder and day."""
        return self._book.days(account)

    def ask(self, account: AccountId) -> bool:
        """Have an account's folders looked at now; False where it is not watched here."""
        if not self._probe(account):
            return False
        # What the probe woke begins with the next turn of the loop.
        self._book.ask(account)
        return True
