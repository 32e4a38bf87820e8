"""What a host holds guards to, joined: the ratchet, what people set, what is learned, the desk.

It knows which of them goes before which, and nothing of what they decide.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from vedette.app.guards.overriding import Overriding
from vedette.app.guards.partner import postings
from vedette.app.guards.protections import Protections
from vedette.app.guards.returns import Returns
from vedette.app.guards.trust_desk import Decided, TrustDesk
from vedette.app.guards.wards import Wards
from vedette.config.settings import AccountSettings, EndpointSettings, GuardSettings
from vedette.engine.guarding import Guarding
from vedette.engine.part import Part
from vedette.model.event import Event
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.directory import Directory
from vedette.ports.backlog import Backlogs
from vedette.ports.clock import Clock
from vedette.ports.completeness import Counted
from vedette.ports.fingerprint import Fingerprints
from vedette.ports.journal import Journal
from vedette.ports.ratchet import Change
from vedette.ports.records import Recorded
from vedette.ports.store import Fence, Store
from vedette.ports.tail import Tail
from vedette.secret import Secret


class State(Store, Decided, Journal, Tail, Fingerprints, Backlogs, Recorded, Counted, Protocol):
    """The store of a service."""


class Trusting(Part):
    """All of it, as one part.

    ``again`` has the configuration of guards gone over to anew, ``adopt`` what another instance
    made of what is enforced. ``regate`` lets accounts be read or not as consents now stand, and
    ``attend`` lets an account look into its journal. ``prove`` makes sure that the key is the one
    that other instances have, before it is of use. ``fence`` is for events of no mailbox.
    """

    def __init__(
        self,
        store: State,
        guarding: Guarding,
        clock: Clock,
        *,
        key: Callable[[], Secret[str]],
        prove: Callable[[], Awaitable[None]],
        endpoints: Callable[[], Directory],
        wake: Callable[[Iterable[EndpointId]], None],
        again: Callable[[], Awaitable[None]],
        adopt: Callable[[], Awaitable[None]],
        regate: Callable[[], Awaitable[None]],
        attend: Callable[[AccountId], None],
        fence: Fence,
    ) -> None:
        super().__init__("trust")
        self._fence = fence
        self._store = store
        self._endpoints = endpoints
        self._wake = wake
        self._attend = attend
        self._adopt = adopt
        self._prove = prove
        self._is_proved = False
        self._partners: frozenset[EndpointId] = frozenset()
        self._accounts: set[str] = set()
        #: Pauses, allows and consents.
        self.overriding = Overriding(
            store, guarding, clock, on_consent=regate, on_moved=self._moved
        )
        #: The ratchet.
        self.protections = Protections(
            store, clock, key=key, tell=self._tell, again=again, done=self._done
        )
        #: The accounts that it holds.
        self._wards = Wards(store, clock, self.protections)
        #: What is learned from returns.
        self.returns = Returns(
            store, clock, protections=self.protections, overriding=self.overriding
        )
        guarding.on_returned = self.returns.returned
        self.desk = self._desk(guarding, clock, key)

    def _desk(self, guarding: Guarding, clock: Clock, key: Callable[[], Secret[str]]) -> TrustDesk:
        return TrustDesk(
            self._store,
            clock,
            protections=self.protections,
            overriding=self.overriding,
            key=key,
            guards=lambda: guarding.names,
            accounts=lambda: self._accounts,
        )

    def look_up(self, endpoint: Callable[[EndpointId], EndpointSettings | None]) -> None:
        """Say how endpoints are set, whatever runs of them."""
        self.protections.endpoint = endpoint

    def keeps(
        self, id_: EndpointId, running: EndpointSettings, now: EndpointSettings | None
    ) -> bool:
        """Tell whether an endpoint is to go on as it runs: a held guard's partner is told by it."""
        return self.protections.keeps(id_, running, now)

    def is_partner(self, endpoints: Iterable[EndpointId]) -> bool:
        """Tell whether a held guard's partner is told by one of these."""
        told = {each.settings.partner for each in self.protections.held.values()}
        return any(each in told for each in endpoints)

    async def in_force(self, settings: Sequence[GuardSettings]) -> Sequence[GuardSettings]:
        """Return what is in force of what is wanted. Raises StoreError."""
        await self._know_key(settings)
        self._know_partners(settings)
        posted = await self.protections.in_force(settings)
        await self.overriding.lock(self.protections.held)
        return posted

    async def adopted(self, settings: Sequence[GuardSettings]) -> Sequence[GuardSettings]:
        """Return what is in force since another instance changed it. Raises StoreError."""
        await self._know_key(settings)
        posted = await self.protections.adopted(settings)
        self._know_partners(settings)
        await self.overriding.lock(self.protections.held)
        return posted

    async def watched(self, wanted: Sequence[AccountSettings]) -> Sequence[AccountSettings]:
        """Return the accounts that are watched where these are wanted. Raises StoreError.

        After ``in_force``, which says what guards there are. Who is on hold is not wanted: a guard
        that is held to an account has it watched on as it was, until that may end.
        """
        return self._known(await self._wards.in_force(_free(wanted)), wanted)

    def still_watched(self, wanted: Sequence[AccountSettings]) -> Sequence[AccountSettings]:
        """Return the accounts that are watched by what was adopted, where these are wanted."""
        return self._known(self._wards.adopted(_free(wanted)), wanted)

    def take(self, accounts: Sequence[AccountSettings], gone: Collection[AccountId]) -> bool:
        """Learn which accounts change, come and go; False where a guard may have its say on it.

        Nothing is learned then: ``watched`` says what becomes of it.
        """
        if self.protections.held or self.protections.asked:
            is_all = not gone and len(_free(accounts)) == len(accounts)
            if not is_all or not self._wards.renewed(accounts):
                return False
        self._accounts.update(each.account.id for each in accounts)
        self._accounts.difference_update(gone)
        return True

    async def settled(
        self, touched: Mapping[AccountId, AccountSettings | None]
    ) -> tuple[list[AccountSettings], list[AccountId]]:
        """Return which of these accounts are watched, and which not, where this is wanted of them.

        As ``watched`` does, of these alone: a host has thousands, and few change at a time.
        """
        free = {
            id_: each if each is not None and each.account.demand.hold is None else None
            for id_, each in touched.items()
        }
        watched, gone = [], []
        for id_, settled in (await self._wards.changed(free)).items():
            # Who is on hold, and no guard holds, is so.
            now = touched[id_] if settled is None else settled
            if now is None:
                gone.append(id_)
            else:
                watched.append(now)
        self._accounts.update(each.account.id for each in watched)
        self._accounts.difference_update(gone)
        return watched, gone

    def _known(
        self, watched: Sequence[AccountSettings], wanted: Sequence[AccountSettings]
    ) -> Sequence[AccountSettings]:
        """Return what is watched, with those on hold that no guard holds."""
        self._accounts = {each.account.id for each in watched}
        on_hold = [each for each in wanted if each.account.demand.hold is not None]
        left = [each for each in on_hold if each.account.id not in self._accounts]
        self._accounts.update(each.account.id for each in left)
        return [*watched, *left]

    async def _open(self) -> None:
        await self.protections.start()
        await self.overriding.start()
        await self.returns.start()

    async def _close(self) -> None:
        await self.returns.stop()
        await self.overriding.stop()
        await self.protections.stop()

    async def _tell(self, event: Event, partner: EndpointId | None) -> None:
        posting = postings(event, self._endpoints(), partner=partner, partners=self._partners)
        await self._store.post(self._fence, [posting])
        self._wake(posting.endpoints)

    async def _know_key(self, settings: Sequence[GuardSettings]) -> None:
        """Ask once for the key; where no guard is wanted or held nobody needs one."""
        if not self._is_proved and (settings or await self._store.protections()):
            await self._prove()
            self._is_proved = True

    def _know_partners(self, settings: Sequence[GuardSettings]) -> None:
        wanted = {each.partner for each in settings}
        held = {each.settings.partner for each in self.protections.held.values()}
        self._partners = frozenset(each for each in wanted | held if each is not None)

    async def _moved(self) -> None:
        """Go over to what another instance enforces."""
        if await self.protections.is_behind():
            await self._adopt()

    async def _done(self, change: Change) -> None:
        await self.overriding.refresh()
        if change.loosening.account is not None:
            self._attend(change.loosening.account)


def _free(wanted: Iterable[AccountSettings]) -> list[AccountSettings]:
    """Return the accounts that nothing but a guard could hold."""
    return [each for each in wanted if each.account.demand.hold is None]
