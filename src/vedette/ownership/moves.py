"""Who takes and who gives what now, so that mailboxes move seldom, slowly and never twice.

An instance decides only about itself. It takes at once what it should own and nobody watches:
shards without an owner, or of a dead one. What it owns and another should, it gives up in slices;
the other takes each as soon as it is free. Between the two a mailbox is dark, so a slice is never
larger than what the takers log in meanwhile. It must not know how a shard is let go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from vedette.ownership.shard import SHARDS, Holding, InstanceId, Shard
from vedette.ownership.wish import Instance, Standing, Wishes

#: Seconds of the window in which moves are counted.
WINDOW = 10.0
#: Shards that may move in one window, in the whole cluster: 5 %. Those of the dead do not count:
#: nobody watches them. Nor do those without a mailbox: nobody notices.
CAP = SHARDS // 20
#: Seconds of logins that the others may have ahead of them when more is given. Shards fall on them
#: by chance: at half of what they manage together, the one that gets most is not long behind.
LEAD = 1.0
SPARE = 0.5
#: Seconds of logins that an instance may have ahead of it before it asks for more shards.
BACKLOG = 1.0
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
    """The moves that an instance gave of late: (instant, shards), oldest first.

    ``until`` is when the others have logged in to what they were given.
    """

    given: tuple[tuple[float, int], ...] = ()
    until: float = 0.0

    def after(self, now: float, shards: int, until: float) -> Slices:
        """Return the slices after one more."""
        late = tuple(each for each in self.given if now - each[0] < WINDOW)
        return Slices(given=(*late, (now, shards)) if shards else late, until=until)

    def used(self, now: float) -> int:
        """Return how many shards were given in the window that ends now."""
        return sum(shards for at, shards in self.given if now - at < WINDOW)


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
    ``namesake`` is whether another process runs under the same name. ``slices`` are those after it.
    """

    take: tuple[Holding, ...] = ()
    give: tuple[Shard, ...] = ()
    lost: tuple[Shard, ...] = ()
    namesake: bool = False
    slices: Slices = field(default_factory=Slices)


def decide(view: View, wishes: Wishes, stand: Stand, now: float) -> Moves:
    """Return what an instance does now; ``wishes`` are those among the instances of the view."""
    mine = {each.shard: each.epoch for each in view.shards if each.owner == stand.me}
    lost = [shard for shard, epoch in stand.held.items() if mine.get(shard) != epoch]
    namesake = any(mine.get(shard, epoch) > epoch for shard, epoch in stand.held.items())
    draining = any(
        each.id == stand.me and each.standing is Standing.DRAINING for each in view.instances
    )
    if namesake:
        return Moves(lost=tuple(lost), namesake=True, slices=stand.slices)
    held = [shard for shard, epoch in stand.held.items() if mine.get(shard) == epoch]
    give, slices = _given(view, wishes, stand, held, now)
    return Moves(
        take=() if draining else tuple(_taken(view, wishes, stand)),
        give=tuple(give),
        lost=tuple(lost),
        slices=slices,
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
) -> tuple[list[Shard], Slices]:
    """Return what another should own, as much of it as may move now."""
    wanted = [shard for shard in held if wishes.of(shard) != stand.me]
    if not any(each.takes and each.id != stand.me for each in view.instances):
        # Nobody is there to take anything: whoever drains has nobody to be gentle with.
        return wanted, stand.slices
    # What no mailbox is in, nobody notices.
    give = [shard for shard in wanted if not stand.mailboxes.get(shard)]
    left = _most(view, stand) - stand.slices.used(now)
    until, count = max(stand.slices.until, now), 0
    for shard in wanted:
        size = stand.mailboxes.get(shard, 0)
        if not size:
            continue
        # A whole shard goes, however large it is; what comes after it waits the longer.
        if count >= left or until - now >= LEAD:
            break
        until += size / (SPARE * stand.logins)
        count += 1
        give.append(shard)
    return give, stand.slices.after(now, count, until)


def _most(view: View, stand: Stand) -> int:
    """Return how many shards this instance may give in one window: all together keep the bound."""
    draining = [each.id for each in view.instances if each.is_alive and not each.takes]
    if stand.me in draining:
        return max(1, CAP // len(draining))
    if draining:
        # Who drains has a deadline; who only evens things out has not.
        return 0
    # Those who even things out each give in proportion to what they have.
    return max(1, CAP * len(stand.held) // SHARDS)


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
