"""What was moved by its head and not told of is told of by the next connection."""

from __future__ import annotations

from typing import cast

from tests.store.bundle import ACME, ANNA, INBOX, cursor, entry, place
from tests.support.clock import VirtualClock
from tests.support.guards import post
from tests.support.memory_store import MemoryStore
from tests.support.trust import account
from tests.support.wire import WireDialer
from tests.support.world import PlainReader
from vedette.engine.docket import Docket
from vedette.engine.guarding import Guarding
from vedette.engine.steward import Steward
from vedette.engine.vanguard import Vanguard
from vedette.engine.watched import Watched
from vedette.engine.world import World
from vedette.model.action import ActionState
from vedette.model.cursor import FolderState
from vedette.model.folder import Folder
from vedette.outbox.directory import Directory
from vedette.ports.store import Fence

#: They were moved in this order; the journal gives the last one first.
MOVED = (66, 72, 67)


async def test_stragglers_are_told_of_in_the_order_of_their_uids() -> None:
    """An ordered endpoint gets a folder so, and the journal has another order."""
    clock = VirtualClock()
    store = MemoryStore(clock)
    world = World(
        dialer=WireDialer(lambda _wire: None),
        store=store,
        reader=PlainReader(),
        clock=clock,
        dice=lambda: 0.5,
        endpoints=Directory,
        wake=lambda _endpoints: None,
        spool="",
        guards=Guarding([post()]),
        journal=store,
    )
    await store.start()
    for uid in MOVED:
        moved = entry(uid, b"key %d" % uid, at=float(uid))
        await store.intend(Fence(), [], [moved])
        await store.record(moved.id, ActionState.DONE, now=100.0, result=place(uid, b"Quarantine"))
    known = FolderState(path=INBOX, cursor=cursor(60))
    folder = Watched(Folder(path=INBOX, name="INBOX"), known)
    # Nobody acts here: what was done is only looked up.
    nobody = cast("Steward", None)
    anna = account(ANNA, tenant=ACME).account
    vanguard = Vanguard(anna, world, store, nobody, Docket())

    untold = await vanguard.untold(folder)

    assert [each.origin.uid for each in untold] == sorted(MOVED)
