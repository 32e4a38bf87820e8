"""The use cases of consents: somebody agrees that an account's mail be read, or does no more.

An account that asks for a consent and lacks it keeps its connection, and nothing of it is read
(``pausing.is_agreed``). It must not know which guards ask for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vedette.model.ids import AccountId
from vedette.ports.consent import Consent, Consents
from vedette.ports.registration import Registration
from vedette.service.accounts.accounts import WRITE, Accounts
from vedette.service.accounts.pausing import is_agreed
from vedette.service.accounts.roll import AccountQuery
from vedette.service.cabinet import Cabinet
from vedette.service.caller import Caller
from vedette.service.form import Form
from vedette.service.refusals import ConflictError, invalid

#: Accounts that one call may agree for.
MAX_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What an account asks for, and what was given last, though it may be withdrawn by now.

    ``is_agreed``: its mail may be read.
    """

    account: AccountId
    wanted: str | None
    given: Consent | None

    @property
    def is_agreed(self) -> bool:
        """Whether mail may be read."""
        return is_agreed(self.wanted, self.given)


class Agreements:
    """What is done with consents. Every method raises NotFoundError."""

    __slots__ = ("_accounts", "_cabinet", "_consents")

    def __init__(self, cabinet: Cabinet, accounts: Accounts, consents: Consents) -> None:
        self._cabinet = cabinet
        self._accounts = accounts
        self._consents = consents

    async def of(self, caller: Caller, id_: AccountId) -> Agreement:
        """Return how it stands with an account."""
        return await self._agreement(await self._accounts.get(caller, id_))

    async def history(self, caller: Caller, id_: AccountId) -> list[Consent]:
        """Return every consent that was ever given for an account, oldest first."""
        await self._accounts.get(caller, id_)
        return await self._consents.consents(id_)

    async def pending(
        self, caller: Caller, *, after: str = "", limit: int = 100
    ) -> tuple[list[Agreement], str | None]:
        """Return accounts of one page of all that lack a consent, and where the next page begins."""
        page = await self._accounts.page(caller, AccountQuery(after=after, limit=limit))
        found = [await self._agreement(each) for each in page.items if each.consent is not None]
        return [each for each in found if not each.is_agreed], page.next

    async def give(
        self, caller: Caller, ids: Sequence[AccountId], *, version: str, by: str | None = None
    ) -> list[Agreement]:
        """Agree for accounts, to the words that each asks for. ``by`` is who agreed.

        All are checked before the first is written: one that is not there, or that asks for other
        words, and nothing is.
        """
        caller.needs(WRITE)
        if not 1 <= len(ids) <= MAX_AT_ONCE:
            raise invalid("accounts", f"expected 1 to {MAX_AT_ONCE} accounts")
        form = Form({"version": version, "by": by})
        words = form.text("version", longest=100)
        who = form.text("by", caller.name, longest=200)
        if not words:
            form.fail("version", "is missing: the version of the words that were agreed to")
        form.done()
        found = [await self._accounts.find(caller, each) for each in ids]
        for each in found:
            if each.consent is not None and each.consent != words:
                raise ConflictError(
                    f"the account {each.account.id} asks for a consent to version "
                    f"{each.consent!r}, not to {words!r}"
                )
        for each in found:
            now = self._cabinet.now()
            await self._consents.consent(each.account.id, version=words, now=now, by=who)
        return [await self._agreement(each) for each in found]

    async def withdraw(self, caller: Caller, id_: AccountId, *, by: str | None = None) -> Agreement:
        """End a consent at once; what was given is kept as proof of what was."""
        caller.needs(WRITE)
        account = await self._accounts.find(caller, id_)
        form = Form({"by": by})
        who = form.text("by", caller.name, longest=200)
        form.done()
        await self._consents.withdraw_consent(id_, now=self._cabinet.now(), by=who)
        return await self._agreement(account)

    async def _agreement(self, account: Registration) -> Agreement:
        id_ = account.account.id
        ever = await self._consents.consents(id_)
        return Agreement(account=id_, wanted=account.consent, given=ever[-1] if ever else None)
