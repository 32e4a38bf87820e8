"""Keeps this instance's lease, and lets it watch the accounts of the shards that it owns.

::

    beat   every 5 s: "I live"; what no heartbeat confirmed for 10 s is not ours any more
    mind   every second: look at the table, decide, let go, release, claim, watch

The order is what makes it safe. A shard is claimed before its first mailbox is opened, and it is
released after its last one is closed. When the lease ends, the fence ends with it at the same
instant, and mailboxes are closed as fast as servers let us. It must not know how the table is
kept, nor what is done with a mailbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

import structlog

from vedette.engine.assignment import Assignment, Portions, Watching
from vedette.engine.part import OnCrash, Part
from vedette.engine.place import Place
from vedette.engine.tenure import lapsed, refused
from vedette.engine.watched import FencedError
from vedette.errors import StoreError, UsageError
from vedette.model.ids import AccountId
from vedette.ownership.lease import BEAT, PATIENCE, RETRY, Lease
from vedette.ownership.moves import Moves, Slices, Stand, View, climbed, decide
from vedette.ownership.shard import SHARDS, Holding, Shard, shard_of
from vedette.ownership.wish import Instance, Standing, Wishes
from vedette.ports.ownership import Ownership
from vedette.ports.store import Fence
from vedette.telemetry.counters import Counter, Gauge

_log = structlog.stdlib.get_logger(__name__)

_T = TypeVar("_T")

_SHARDS = Gauge("vedette_shards", "Shards that this instance owns.")
_CLAIMED = Counter("vedette_shards_claimed_total", "Shards that this instance took.")
_RELEASED = Counter("vedette_shards_released_total", "Shards that this instance handed over.")
_LOST = Counter("vedette_shards_lost_total", "Shards that another instance took from this one.")
_LAPSES = Counter("vedette_lease_lapses_total", "Times that this instance's lease ended.")

#: Seconds between two looks: what a neighbour hands over is dark for so long at most. Twenty
#: instances read 4,096 short rows twenty times a second, some 1 % of a core of the database.
LOOK = 1.0
#: Seconds before the first look for shards without an owner: instances that are started together
#: see each other, and the first of them does not take all for the others to get it back.
SETTLE = 3.0
#: Seconds for what is asked of the table in one turn, beyond which it is asked again.
ANSWER = 5.0


class Shared(Watching, Protocol):
    """The supervisor, as far as it matters here."""

    @property
    def waiting(self) -> int:
        """How many mailboxes are not logged in yet."""

    def share(self, instances: int) -> None:
        """Log in at so large a part of the rates."""


class Owner(Part):
    """One instance among several; it is the ``Tenure`` of its world."""

    def __init__(
        self,
        place: Place,
        table: Ownership,
        *,
        now: Callable[[], float],
        on_crash: OnCrash | None = None,
    ) -> None:
        super().__init__("owner", on_crash=on_crash)
        self.place = place
        self._table = table
        self._now = now
        self._watching: Shared | None = None
        self._lease = Lease()
        self._held: dict[Shard, int] = {}
        self._leaving: frozenset[Shard] = frozenset()  # held, and not to be watched any more
        self._wanted = Portions()
        self._weight = place.weight
        self._standing = Standing.LIVE
        self._seen = View(instances=(), shards=())
        self._beating: asyncio.Task[None] | None = None
        self._minding: asyncio.Task[None] | None = None
        self._slices = Slices()
        self._wishes: tuple[tuple[Instance, ...], Wishes] = ((), Wishes(()))
        self._joined = 0.0
        self._lock = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._beat_now = asyncio.Event()
        self._empty = asyncio.Event()

    # The tenure.

    def has(self, account: AccountId) -> bool:
        """Tell whether an account's shard is held and not about to be handed over."""
        return self._is_mine(account) and self._lease.is_held(self._now())

    def fence(self, account: AccountId) -> Fence:
        """Return the fence of an account's shard. Raises FencedError when it is not ours now."""
        shard = shard_of(account)
        epoch = self._held.get(shard)
        if epoch is None or not self._lease.is_held(self._now()):
            self._stirred.set()
            raise lapsed(account)
        return Fence(shard=shard, epoch=epoch)

    async def confirm(self, account: AccountId) -> None:
        """Ask the table whether an account is ours. Raises FencedError, or StoreError."""
        fence = self.fence(account)
        if not await self._table.holds(self.place.name, fence):
            raise self.refused(account)
        # The answer may have been long under way.
        self.fence(account)

    def refused(self, account: AccountId) -> FencedError:
        """Hold the shard of an account no more until a look says whose it is."""
        self._held.pop(shard_of(account), None)
        self._stirred.set()
        return refused(account)

    # The accounts.

    @property
    def held(self) -> dict[Shard, int]:
        """The shards that are ours, with their epochs."""
        return dict(self._held)

    def attach(self, watching: Shared) -> None:
        """Say who watches; before the start."""
        self._watching = watching

    async def assign(self, assignments: Collection[Assignment]) -> None:
        """Make these the accounts of the whole cluster; ours among them are watched."""
        self._wanted.assign(assignments)
        if self.started:
            await self._watch()

    async def change(
        self, assignments: Collection[Assignment], gone: Collection[AccountId]
    ) -> None:
        """Take what changed of the accounts of the cluster; ours among them are watched so."""
        self._wanted.change(assignments, gone)
        if not self.started or self._watching is None:
            return
        touched = {*gone, *(each.account.id for each in assignments)}
        async with self._lock:
            # As it is by now: who waited for another change may have been overtaken.
            mine = [each for each in touched if self._is_mine(each)]
            wanted = [each for account in mine if (each := self._wanted.get(account)) is not None]
            left = touched - {each.account.id for each in wanted}
            await self._watching.change(wanted, left)

    async def drain(self, patience: float) -> None:
        """Hand everything over in slices, for ``patience`` seconds at most."""
        self._standing = Standing.DRAINING
        self._beat_now.set()
        _log.info("owner.draining", shards=len(self._held))
        try:
            async with asyncio.timeout(patience):
                await self._empty.wait()
        except TimeoutError:
            _log.warning("owner.drain_unfinished", shards=len(self._held), seconds=patience)

    async def _open(self) -> None:
        view = await self._asked(self._table.look(self.place.name))
        self._joined, self._seen = self._now(), view
        if self._comes_anew(view):
            self._weight = self._climbed(0)
        await self._beat()
        self._beating = self.spawn(self._keep(), "beat")
        self._minding = self.spawn(self._mind(), "mind")

    async def _close(self) -> None:
        """Let go of what is left, and of the name."""
        # Nothing is claimed any more; the heartbeat goes on until the last commit is done.
        if self._minding is None or self._beating is None:
            return
        await self._cancel({self._minding})
        self._leaving = frozenset(self._held)
        await self._watch()
        await self._cancel({self._beating})
        held, self._held = self._rows(self._held), {}
        try:
            await self._asked(self._table.release(self.place.name, held))
            await self._asked(self._table.leave(self.place.name))
        except StoreError as error:
            # Its heartbeat ends, and the others take over as from one that died.
            _log.warning("owner.not_left", error=str(error))

    # The heartbeat.

    async def _keep(self) -> None:
        while True:
            begun = self._now()
            self._weight = self._climbed(self._weight)
            try:
                await self._beat()
            except StoreError as error:
                _log.warning("owner.no_heartbeat", error=str(error))
                pause = RETRY
            else:
                pause = max(0.0, BEAT - (self._now() - begun))
            await _either(self._beat_now, pause)

    async def _beat(self) -> None:
        """Write one heartbeat; the lease counts from before it was sent."""
        sent = self._now()
        self._beat_now.clear()
        me = Instance(
            id=self.place.name,
            weight=self._weight,
            standing=self._standing,
            address=self.place.address,
        )
        await _answered(self._table.beat(me), PATIENCE)
        self._lease = self._lease.beaten(sent)
        self._stirred.set()

    # The moves.

    async def _mind(self) -> None:
        while True:
            now = self._now()
            if not self._lease.is_held(now):
                self._stirred.clear()
                await self._lapse()
                await _either(self._stirred, LOOK)
                continue
            try:
                view = await self._asked(self._table.look(self.place.name))
                await self._move(view)
            except StoreError as error:
                _log.warning("owner.no_look", error=str(error))
            # Not at once again: who is refused all the time must not ask all the time.
            await asyncio.sleep(min(LOOK, max(0.0, self._lease.until - self._now())))

    async def _lapse(self) -> None:
        """Close every mailbox: the others may think that we are dead."""
        if self._held:
            _LAPSES.inc()
            _log.error("owner.lapsed", shards=len(self._held))
        self._held = {}
        await self._watch()
        self._empty_if_over()

    async def _move(self, view: View) -> None:
        """Do what follows from a look at the table."""
        self._seen = view
        wishes = self._wished(view)
        stand = self._stand()
        moves = decide(view, wishes, stand, self._now())
        if moves.namesake:
            raise UsageError(
                f"another instance runs under the name {self.place.name!r}: give each its own"
            )
        await self._let_go(moves)
        if moves.take:
            epochs = await self._asked(self._table.claim(self.place.name, moves.take))
            self._held |= epochs
            _CLAIMED.inc(by=len(epochs))
            _log.info("owner.claimed", shards=len(epochs), asked=len(moves.take))
            await self._watch()
        self._empty_if_over()

    async def _let_go(self, moves: Moves) -> None:
        """Let go of what is lost at once, and of what is given once it is closed."""
        if moves.lost:
            _LOST.inc(by=len(moves.lost))
            _log.warning("owner.lost", shards=len(moves.lost))
            self._held = _without(self._held, moves.lost)
        self._leaving, self._slices = frozenset(moves.give), moves.slices
        if moves.give or moves.lost:
            # The fence of what is given stays until the last commit of it is done.
            await self._watch()
        if moves.give:
            # Meanwhile one may have been found to be another's.
            given = self._rows({s: e for s, e in self._held.items() if s in self._leaving})
            self._held = _without(self._held, moves.give)
            self._leaving = frozenset()
            mailboxes = sum(self._wanted.size(shard) for shard in moves.give)
            _RELEASED.inc(by=len(given))
            _log.info("owner.released", shards=len(given), mailboxes=mailboxes)
            await self._asked(self._table.release(self.place.name, given))

    async def _watch(self) -> None:
        """Watch the accounts of the shards that are ours, and no others."""
        if self._watching is None:
            return
        async with self._lock:
            mine = [shard for shard in self._held if shard not in self._leaving]
            await self._watching.assign(self._wanted.of(mine))
        _SHARDS.set(len(self._held))

    def _wished(self, view: View) -> Wishes:
        """Return the wishes among those who are there, reckoned anew when somebody changes."""
        if self._wishes[0] != view.instances:
            self._wishes = (view.instances, Wishes(view.instances))
            there = sum(each.is_alive for each in view.instances)
            if self._watching is not None:
                self._watching.share(max(1, there))
            _log.info("owner.instances", alive=there, known=len(view.instances))
        return self._wishes[1]

    def _stand(self) -> Stand:
        now = self._now()
        instances = self._seen.instances
        takers = sum(each.takes and each.id != self.place.name for each in instances)
        return Stand(
            me=self.place.name,
            held=self._held,
            mailboxes=self._wanted.sizes(),
            may_bury=self._lease.may_bury(now),
            settled=now - self._joined >= SETTLE,
            slices=self._slices,
            logins=self._logins(takers),
        )

    def _comes_anew(self, view: View) -> bool:
        """Tell whether others hold shards, and none is left of our last run."""
        theirs = SHARDS - len(view.shards)
        return theirs > 0 and all(each.owner != self.place.name for each in view.shards)

    def _climbed(self, weight: int) -> int:
        full = self.place.weight
        others = sum(
            each.weight
            for each in self._seen.instances
            if each.takes and each.id != self.place.name
        )
        return climbed(
            weight,
            full,
            mailboxes=self._wanted.count * full // (full + others),
            waiting=0 if self._watching is None else self._watching.waiting,
            logins=self._logins(1),
        )

    def _logins(self, instances: int) -> float:
        """Return how many logins a second so many of us manage together."""
        rate = self.place.rate
        return min(instances * rate.total_per_second, self._wanted.hosts * rate.host_per_second)

    def _is_mine(self, account: AccountId) -> bool:
        shard = shard_of(account)
        return shard in self._held and shard not in self._leaving

    def _empty_if_over(self) -> None:
        if self._standing is Standing.DRAINING and not self._held:
            self._empty.set()

    def _rows(self, held: dict[Shard, int]) -> list[Holding]:
        return [
            Holding(shard=shard, owner=self.place.name, epoch=epoch)
            for shard, epoch in held.items()
        ]

    async def _asked(self, work: Awaitable[_T]) -> _T:
        """Wait for an answer of the table, but not beyond the end of the lease."""
        left = self._lease.until - self._now()
        return await _answered(work, min(ANSWER, left) if left > 0.0 else ANSWER)


async def _answered(work: Awaitable[_T], seconds: float) -> _T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise StoreError(f"the database did not answer within {seconds:.1f} s") from error


def _without(held: dict[Shard, int], gone: Sequence[Shard]) -> dict[Shard, int]:
    left = set(gone)
    return {shard: epoch for shard, epoch in held.items() if shard not in left}


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, or for so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
