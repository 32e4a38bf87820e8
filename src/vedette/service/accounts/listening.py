"""The use cases of listening to an account: ask for it, and read what was said since.

What is kept is an outline without secrets and without mail (``vedette.imap.outline``), in the memory of
the instance that watches the account: another one says which that is. It must not know how a connection is heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from vedette.engine.tap import LONGEST, Transcript
from vedette.model.ids import AccountId
from vedette.service.accounts.accounts import READ, WRITE, Accounts
from vedette.service.caller import Caller
from vedette.service.refusals import ConflictError, NotHereError, invalid
from vedette.service.running import Running

#: Seconds that can be asked for at a time.
MOST: Final = int(LONGEST)


class Listening:
    """What is done with the log of an account. Each method takes who asks first."""

    def __init__(self, accounts: Accounts, running: Running) -> None:
        self._accounts = accounts
        self._running = running

    async def begin(self, caller: Caller, id_: AccountId, seconds: int) -> Transcript:
        """Listen to an account for so many seconds from now on.

        Raises NotFoundError, InvalidError, ConflictError where it is not watched.
        """
        caller.needs(WRITE)
        if not 1 <= seconds <= MOST:
            raise invalid("seconds", f"expected a whole number from 1 to {MOST}")
        found = await self._accounts.find(caller, id_)
        with _discreet(caller):
            begun = await self._running.listen(found.account.id, seconds)
        if begun is None:
            raise ConflictError(
                f"the account {id_[:64]!r} has no connection to listen to: it is paused, or not"
                " active; its state says why"
            )
        return begun

    async def read(self, caller: Caller, id_: AccountId) -> Transcript | None:
        """Return what was said of late; None where nobody asked for it. Raises NotFoundError."""
        caller.needs(READ)
        found = await self._accounts.find(caller, id_)
        with _discreet(caller):
            return await self._running.heard(found.account.id)


@contextmanager
def _discreet(caller: Caller) -> Iterator[None]:
    """Keep to whom the service belongs where its instances are: a tenant is told the name alone."""
    try:
        yield
    except NotHereError as error:
        if caller.tenant is None or error.keeper is None:
            raise
        raise NotHereError(error.account, replace(error.keeper, address="")) from None
