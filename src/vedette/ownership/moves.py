"""Who takes and who gives what now, so that mailboxes move seldom, slowly and never twice.

An instance decides only about itself. It takes at once what it should own and nobody watches:
shards without an owner, or of a dead one. What it owns and another should, it gives up in slices;
the other takes each as soon as it is free. Between the two a mailbox is dark, so a slice is never
larger than what the takers log in meanwhile. It must not know how a shard is let go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil

from vedette.ownership.shard import SHARDS, Holding, InstanceId, Shard
from vedette.ownership.wish import Instance, Standing, Wishes

#: Seconds of the window in which moves are counted.
WINDOW = 10.0
#: Shards that may move in one window, in the whole cluster: 5 %. Those of the dead do not count:
#: nobody watches them. Nor do those without a mailbox: nobody notices.
CAP = SHARDS // 20
#: Seconds of logins that an instance may have ahead of it before it asks for more shards.
BACKLOG = 5.0
#: Steps in which one that came anew climbs to its weight, at least: 5 % each.
STEPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one look at the table shows, at one instant of the database's clock.

    ``shards`` are those that concern the one who looks: its own, nobody's, and those whose owner
    is dead. ``instances`` are all.
    """

    instances: tuple[Instance, ...]
    shards: tuple[Holding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """The moves that an instance gave of late: (instant, shards, mailboxes), oldest first."""

    given: tuple[tuple[float, int, int], ...] = ()

    def after(self, now: float, shards: int, mailboxes: int) -> Slices:
        """Return the slices after one more."""
        late = tuple(each for each in self.given if now - each[0] < WINDOW)
        return replace(self, given=(*late, (now, shards, mailboxes)) if shards else late)

    def used(self, now: float) -> tuple[int, int]:
        """Return the shards and mailboxes that were given in the window that ends now."""
        late = [each for each in self.given if now - each[0] < WINDOW]
        return sum(each[1] for each in late), sum(each[2] for each in late)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where an instance stands when it decides.

    ``held`` are its shards with the epochs it has them in, ``mailboxes`` how many each shard has
    (absent: none). ``may_bury`` is ``Lease.may_bury``; ``settled`` is whether it has been there
    long enough for others that start at the same time to be seen. ``logins`` is how many the others
    manage in a second, all together.
    """

    me: InstanceId
    held: Mapping[Shard, int]
    mailboxes: Mapping[Shard, int]
    may_bury: bool
    settled: bool
    slices: Slices
    logins: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What to do now.

    ``take`` are rows to be claimed as they were read; ``give`` are shards to let go of, then to
    release; ``lost`` are shards that another has taken: let go of them, and write nothing.
    ``namesake`` is whether another process runs under the same name.
    """

    take: tuple[Holding, ...] = ()
    give: tuple[Shard, ...] = ()
    lost: tuple[Shard, ...] = ()
    namesake: bool = False


def decide(view: View, wishes: Wishes, stand: Stand, now: float) -> Moves:
    """Return what an instance does now; ``wishes`` are those among the instances of the view."""
    mine = {each.shard: each.epoch for each in view.shards if each.owner == stand.me}
    lost = [shard for shard, epoch in stand.held.items() if mine.get(shard) != epoch]
    namesake = any(mine.get(shard, epoch) > epoch for shard, epoch in stand.held.items())
    draining = any(
        each.id == stand.me and each.standing is Standing.DRAINING for each in view.instances
    )
    if namesake:
        return Moves(lost=tuple(lost), namesake=True)
    held = [shard for shard, epoch in stand.held.items() if mine.get(shard) == epoch]
    return Moves(
        take=() if draining else tuple(_taken(view, wishes, stand)),
        give=tuple(_given(view, wishes, stand, held, now)),
        lost=tuple(lost),
    )


def _taken(view: View, wishes: Wishes, stand: Stand) -> Iterable[Holding]:
    """Yield what nobody watches and this instance should own."""
    for row in view.shards:
        if row.owner == stand.me:
            # Of the run before this one, or from before the lease broke: in a new epoch only.
            if row.shard not in stand.held:
                yield row
        elif wishes.of(row.shard) == stand.me and (
            stand.settled if row.owner is None else stand.may_bury
        ):
            yield row


def _given(
    view: View, wishes: Wishes, stand: Stand, held: Iterable[Shard], now: float
) -> Iterable[Shard]:
    """Yield what another should own, as much of it as may move now."""
    wanted = [shard for shard in held if wishes.of(shard) != stand.me]
    if not any(each.takes and each.id != stand.me for each in view.instances):
        # Nobody is there to take anything: whoever drains has nobody to be gentle with.
        yield from wanted
        return
    most = _most(view, stand)
    shards, mailboxes = stand.slices.used(now)
    # A whole shard, however many mailboxes it has, or it would never move.
    fresh = not shards
    for shard in wanted:
        count = stand.mailboxes.get(shard, 0)
        if not count:
            yield shard
            continue
        if shards + 1 > most.shards or (mailboxes + count > most.mailboxes and not fresh):
            continue
        fresh = False
        shards, mailboxes = shards + 1, mailboxes + count
        yield shard


@dataclass(frozen=True, slots=True, kw_only=True)
class _Most:
    shards: int
    mailboxes: float


def _most(view: View, stand: Stand) -> _Most:
    """Return what this instance may give in one window, so that all together keep the bound."""
    draining = [each.id for each in view.instances if each.is_alive and not each.takes]
    if stand.me in draining:
        most = max(1, CAP // len(draining))
    elif draining:
        # Who drains has a deadline; who only evens things out has not.
        most = 0
    else:
        # Those who even things out each give in proportion to what they have.
        most = max(1, CAP * len(stand.held) // SHARDS)
    return _Most(shards=most, mailboxes=stand.logins * WINDOW)


def sizes(shards: Iterable[Shard]) -> dict[Shard, int]:
    """Count the mailboxes of each shard, given the shard of each mailbox."""
    counts: dict[Shard, int] = {}
    for shard in shards:
        counts[shard] = counts.get(shard, 0) + 1
    return counts


def climbed(weight: int, full: int, *, mailboxes: int, waiting: int, logins: float) -> int:
    """Return the next weight of an instance that came anew, on its way to ``full``.

    ``mailboxes`` is how many it will have there, ``waiting`` how many of those it has are not
    logged in yet. It asks for no more than it logs in within ``BACKLOG`` seconds: what it does
    not ask for stays where it is watched.
    """
    room = BACKLOG * logins - waiting
    if weight >= full or room <= 0:
        return min(weight, full)
    share = room / max(mailboxes, 1)
    # A small cluster is up in one step; a large one in twenty, or in more where logins are slow.
    step = full if share >= 1.0 else max(1, min(ceil(full / STEPS), int(full * share)))
    return min(full, weight + step)
