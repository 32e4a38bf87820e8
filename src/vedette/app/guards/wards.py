"""Accounts at which protective guards stand: they stay watched as they were until it is due.

A file that leaves an account out, or has less of it watched, loosens every guard there. So it waits
as any loosening does, and until then the account goes on with the settings that it had. Those with
its password are in memory alone: after a restart an account that the file does not name, or names
for another mailbox, can not be watched; that is audited and told. It must not know how accounts are
watched.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import structlog

from vedette.app.guards.protection import CONFIGURATION, Held, Ward
from vedette.app.guards.protections import Protections
from vedette.app.guards.sight import Sight, digest, lost, seen, sight, wider
from vedette.app.guards.wish import Trust, aspect_of, spelled_step, target_of
from vedette.config.settings import AccountSettings
from vedette.guard.ratchet import Aspect
from vedette.model.ids import AccountId, TenantId
from vedette.outbox.envelope import instant
from vedette.outbox.protection import Turn
from vedette.ports.clock import Clock
from vedette.ports.ratchet import Change

_log = structlog.stdlib.get_logger(__name__)

#: Accounts that are looked at before others have a turn on the loop: 2 ms.
TURN: Final = 200


class Wards:
    """What is watched of the accounts of one host."""

    def __init__(self, store: Trust, clock: Clock, protections: Protections) -> None:
        self._store = store
        self._clock = clock
        self._protections = protections
        #: As they are watched now.
        self._watched: dict[AccountId, AccountSettings] = {}
        #: Those of which less is wanted than guards saw.
        self._held: set[AccountId] = set()
        #: What is seen of each, as it was reckoned last: of thousands few change at a time.
        self._sights: dict[AccountId, tuple[AccountSettings, Sight]] = {}

    def renewed(self, changed: Sequence[AccountSettings]) -> bool:
        """Take changes that are no affair of any guard; False, and nothing is taken, where one is.

        Other credentials are none, nor is a wish to connect anew: what is seen stays the same.
        """
        for each in changed:
            running = self._watched.get(each.account.id)
            if running is None or self._sight(running) != sight(each):
                return False
            if each.account.id in self._held:
                # It may be that nothing less is wanted any more.
                return False
        self._watched.update((each.account.id, each) for each in changed)
        return True

    async def in_force(self, wanted: Sequence[AccountSettings]) -> tuple[AccountSettings, ...]:
        """Return what is to be watched when a file wants this.

        Raises OvertakenError where another instance came first, and StoreError.
        """
        found = {each.account.id: each for each in wanted}
        for gone in self._sights.keys() - found.keys():
            del self._sights[gone]
        asked = self._asked()
        held: dict[AccountId, list[Sight]] = {}
        for guard, before in list(self._protections.held.items()):
            everywhere = {**dict.fromkeys(map(AccountId, before.covered)), **found}
            for account, by in (await self._guarded(guard, everywhere, asked)).items():
                held.setdefault(account, []).append(by)
        await self._over(asked)
        return self._with(found, held)

    async def changed(
        self, touched: Mapping[AccountId, AccountSettings | None]
    ) -> dict[AccountId, AccountSettings | None]:
        """Return how these accounts are to be watched when this is wanted of them; None: not.

        Of all others nothing changes, and nothing is looked at. Raises as ``in_force`` does.
        """
        await self._protections.ask_again()
        asked = {key: each for key, each in self._asked().items() if key[1] in touched}
        held: dict[AccountId, list[Sight]] = {}
        for guard in list(self._protections.held):
            for account, by in (await self._guarded(guard, touched, asked)).items():
                held.setdefault(account, []).append(by)
        await self._over(asked)
        self._held.difference_update(touched)
        self._held.update(held)
        settled: dict[AccountId, AccountSettings | None] = {}
        for account, settings in touched.items():
            sights = held.get(account)
            now = settings if sights is None else self._kept(settings, account, sights)
            settled[account] = now
            if now is None:
                self._watched.pop(account, None)
                self._sights.pop(account, None)
            else:
                self._watched[account] = now
        return settled

    def _asked(self) -> dict[tuple[str, str | None], list[Change]]:
        """Return the open wishes about accounts, by guard and account."""
        asked: dict[tuple[str, str | None], list[Change]] = {}
        for change in self._protections.asked:
            if aspect_of(change) is Aspect.ACCOUNT:
                key = (change.loosening.guard, change.loosening.account)
                asked.setdefault(key, []).append(change)
        return asked

    def adopted(self, wanted: Sequence[AccountSettings]) -> tuple[AccountSettings, ...]:
        """Return what is to be watched by what another instance enforces.

        It knows what is held by what was written there; nothing is asked for, nor withdrawn.
        """
        found = {each.account.id: each for each in wanted}
        held: dict[AccountId, list[Sight]] = {}
        for guard in self._protections.held.values():
            for account, ward in guard.covered.items():
                settings = found.get(AccountId(account))
                now = None if settings is None else sight(settings)
                stays = now is not None and _stands(guard, account, now.tenant)
                if _stands(guard, account, ward.sight.tenant) and _says(
                    account, ward.sight, now, stays=stays
                ):
                    by = _held_to(ward.sight, now, stays=stays)
                    held.setdefault(AccountId(account), []).append(by)
        return self._with(found, held)

    def _with(
        self, found: dict[AccountId, AccountSettings], held: dict[AccountId, list[Sight]]
    ) -> tuple[AccountSettings, ...]:
        """Return what is watched of what a file names, and of what guards hold."""
        self._held = set(held)
        for account, sights in held.items():
            if (settings := self._kept(found.get(account), account, sights)) is not None:
                found[account] = settings
        self._watched = found
        return tuple(found.values())

    def _kept(
        self, settings: AccountSettings | None, account: AccountId, sights: Sequence[Sight]
    ) -> AccountSettings | None:
        """Return the settings of an account that is held to what guards saw of it."""
        running = self._watched.get(account)
        if settings is None or sight(settings).mailbox != sights[0].mailbox:
            is_it = running is not None and sight(running).mailbox == sights[0].mailbox
            return running if is_it else settings
        own = sight(settings)
        for each in sights:
            # Where its tenant is held it is another than the file's.
            tenant = own.tenant if each.tenant == settings.account.tenant else each.tenant
            own = replace(wider(each, own), tenant=tenant)
        return seen(settings, own)

    async def _guarded(
        self,
        guard: str,
        wanted: Mapping[AccountId, AccountSettings | None],
        asked: dict[tuple[str, str | None], list[Change]],
    ) -> dict[AccountId, Sight]:
        """Settle at which of some accounts a guard stands; return what it holds some of them to."""
        before = self._protections.held[guard]
        changed: dict[str, Ward | None] = {}
        holds: dict[AccountId, Sight] = {}
        released: list[Change] = []
        for count, (account, settings) in enumerate(wanted.items()):
            if count % TURN == 0:
                await asyncio.sleep(0)
            ward, is_held = await self._stood_at(before, account, settings, asked, released)
            if ward is not None and is_held:
                holds[account] = ward.sight
            if ward != before.covered.get(account):
                changed[account] = ward
        await self._noted(before, changed, released)
        return holds

    async def _stood_at(
        self,
        before: Held,
        account: AccountId,
        settings: AccountSettings | None,
        asked: dict[tuple[str, str | None], list[Change]],
        released: list[Change],
    ) -> tuple[Ward | None, bool]:
        """Return how a guard stands at an account from now on, and whether it is held to that.

        What lets it go is put to ``released``; what is settled of ``asked`` is taken out there.
        """
        ward = before.covered.get(account)
        now = None if settings is None else self._sight(settings)
        then = now is not None and _stands(before, account, now.tenant)
        if ward is not None and _stands(before, account, ward.sight.tenant):
            says = _says(account, ward.sight, now, stays=then)
            changes = asked.pop((before.name, account), [])
            if not says:
                await self._withdrawn(changes)
            elif (wish := await self._released(before, account, now, says, changes)) is None:
                by = _held_to(ward.sight, now, stays=then)
                is_left = not self._can_be_held(account, ward.sight, now)
                return Ward(sight=by, is_left=is_left), True
            else:
                released.append(wish)
        return (Ward(sight=now) if now is not None and then else None), False

    def _sight(self, settings: AccountSettings) -> Sight:
        """Return what is seen of an account."""
        known = self._sights.get(settings.account.id)
        if known is None or known[0] is not settings:
            known = self._sights[settings.account.id] = settings, sight(settings)
        return known[1]

    def _can_be_held(self, account: AccountId, before: Sight, now: Sight | None) -> bool:
        """Tell whether there is a password to the mailbox: in the file, or in memory."""
        running = self._watched.get(account)
        ways = (now, None if running is None else sight(running))
        return any(way is not None and way.mailbox == before.mailbox for way in ways)

    async def _released(
        self,
        held: Held,
        account: str,
        now: Sight | None,
        says: tuple[str, ...],
        changes: Sequence[Change],
    ) -> Change | None:
        """Ask for what a file wants of an account; return the wish if it may be had."""
        to = "" if now is None else digest(now)
        asked = next((each for each in changes if target_of(each) == to), None)
        await self._withdrawn([each for each in changes if target_of(each) != to])
        if asked is not None and self._protections.may_be_had(asked):
            return asked
        if asked is None:
            what = spelled_step(Aspect.ACCOUNT, to, says)
            change = await self._protections.want(held.name, what, AccountId(account))
        else:
            change = asked
            await self._protections.remind(change)
        _log.warning(
            "account.held",
            account=account,
            guard=held.name,
            reason="; ".join(says),
            due=instant(change.due),
        )
        return None

    async def _noted(
        self, before: Held, changed: Mapping[str, Ward | None], released: Sequence[Change]
    ) -> None:
        """Write at which accounts a guard stands, and tell of those that it can not be held at."""
        if not changed and not released:
            return
        await self._protections.keep(before.name, changed, released)
        left = [
            account
            for account, ward in changed.items()
            if ward is not None and ward.is_left and not before.covered[account].is_left
        ]
        if left:
            detail = json.dumps({"guard": before.name, "accounts": left})
            now = self._clock.now()
            await self._store.audit(
                actor=CONFIGURATION, what="account.left", detail=detail, now=now
            )
            await self._protections.tidings.say(before.name, "account", Turn.APPLIED)

    async def _over(self, asked: Mapping[tuple[str, str | None], Sequence[Change]]) -> None:
        """End wishes about accounts at which no guard is held any more."""
        for changes in asked.values():
            for change in changes:
                if not await self._protections.is_due(change):
                    await self._withdrawn([change])

    async def _withdrawn(self, changes: Sequence[Change]) -> None:
        for change in changes:
            await self._protections.drop(change)


def _says(account: str, before: Sight, now: Sight | None, *, stays: bool) -> tuple[str, ...]:
    """Say what of an account is loosened, in words for a person; nothing where nothing is."""
    if now is None:
        return (f"{account} is taken out of the configuration",)
    if now.mailbox != before.mailbox:
        return (f"{account} is another mailbox",)
    gone = () if stays else ("goes to a tenant at which the guard does not stand",)
    return tuple(f"{account} {each}" for each in (*gone, *lost(before, now)))


def _held_to(before: Sight, now: Sight | None, *, stays: bool) -> Sight:
    """Return what an account is held to: as much as before, and what is more than that now.

    Its tenant is held where the guard would lose it by another.
    """
    if now is None or now.mailbox != before.mailbox:
        return before
    both = wider(before, now)
    return both if stays else replace(both, tenant=before.tenant)


def _stands(held: Held, account: str, tenant: TenantId) -> bool:
    """Tell whether a guard, as it is enforced, stands at an account of a tenant."""
    stand = held.stand
    return (not stand.tenants or tenant in stand.tenants) and (
        not stand.accounts or account in stand.accounts
    )
