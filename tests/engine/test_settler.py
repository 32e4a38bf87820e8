"""The marks of what was sent: a crash or a failing store repeats an id, and loses none."""

from __future__ import annotations

import asyncio

from tests.engine.delivery_world import (
    CRM,
    crm,
    lose_settlements,
    names,
    world,
)
from tests.engine.scripted_sink import ScriptedSink
from tests.support.clock import VirtualClock, run
from tests.support.memory_store import MemoryStore
from vedette.engine.lane import Tempo
from vedette.errors import StoreFullError


def test_a_crash_between_send_and_mark_repeats_the_same_id() -> None:
    """The endpoint took it, the mark was never written: the next process sends that id again."""

    async def main() -> None:
        first, second = ScriptedSink(), ScriptedSink()
        async with world((crm(), first)) as it:
            lose_settlements(it.store)
            await it.post(["e1"], CRM)
            await first.sent(1)
            state = it.store.state
        restarted = MemoryStore(VirtualClock(), state)
        async with world((crm(), second), store=restarted) as it:
            await it.settled("e1", within=Tempo().lease + 31)

            assert second.events == ["e1"]
            assert [a.parcel.attempt for a in second.attempts] == [1]

    run(main())


def test_a_store_that_fails_for_a_while_loses_and_repeats_nothing() -> None:
    """A claim that fails is made again; a settlement that fails is written again, not sent again."""

    async def main() -> None:
        sink = ScriptedSink()
        sink.gate.clear()
        async with world((crm(), sink)) as it:
            it.store.fail(StoreFullError("no space"), times=3)
            it.courier.wake([CRM])
            await asyncio.sleep(10)
            await it.post(names(5), CRM)
            await sink.sent(5)
            it.store.fail(StoreFullError("no space"), times=3)
            sink.gate.set()
            await it.settled(*names(5))

            assert sorted(sink.events) == names(5)

    run(main())


def test_a_parcel_whose_settlement_is_stuck_is_not_taken_twice() -> None:
    """The lease ends while the store refuses the mark; what is still ours is not sent again."""

    async def main() -> None:
        sink = ScriptedSink()
        async with world((crm(), sink)) as it:
            settle = it.store.settle
            lose_settlements(it.store)
            await it.post(["e1"], CRM)
            await asyncio.sleep(5 * Tempo().lease)
            it.store.settle = settle  # type: ignore[method-assign]
            await it.settled("e1")

            assert sink.events == ["e1"]

    run(main())
