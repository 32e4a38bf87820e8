"""A receiver that is down for days of virtual time, behind the whole engine: nothing is lost.

The schedule itself is ``test_lane``'s, the rule of disabling ``tests/outbox/test_endpoint``'s;
here mail arrives from a server all the while, and another receiver takes it as ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from tests.engine.scripted_sink import ScriptedSink
from tests.engine.whole import CRM, DAY, HOUR, OTHER, Whole, whole
from tests.support import clock
from vedette.model.delivery import Delivered, DeliveryState, Gone, Outcome, Parcel, Refused
from vedette.outbox.endpoint import PATIENCE
from vedette.outbox.schedule import WAITS
from vedette.ports.store import EventQuery
from vedette.sync.cadence import Tempo

#: The mailbox is only pushed here; that it proves itself all the while is another test's.
CALM = Tempo(proof=1_700.0, safety=3_600.0, reopen=24 * HOUR)


def refuse(_parcel: Parcel) -> Outcome:
    return Refused(reason="HTTP 500")


async def arrivals(it: Whole, days: int, *, every: float = HOUR) -> None:
    """Let one message arrive now and then."""
    for _ in range(round(days * DAY / every)):
        it.server.deliver()
        await asyncio.sleep(every)


def of_state(it: Whole, state: DeliveryState) -> int:
    rows = it.store.state.deliveries.values()
    return sum(row.endpoint == CRM and row.state is state for row in rows)


def test_three_days_of_500_cost_nothing_but_time(tmp_path: Path) -> None:
    """Every event is tried again, never early, under its id; the other one does not notice."""
    down, up = ScriptedSink(refuse), ScriptedSink()

    async def main() -> None:
        async with whole(tmp_path, tempo=CALM, crm=down, other=up) as it:
            await arrivals(it, 3, every=3 * HOUR)
            assert it.courier.healths()[0].disabled_at is None
            down.answer = lambda _parcel: Delivered()
            await asyncio.sleep(WAITS[-1] + HOUR)

            assert of_state(it, DeliveryState.DUE) == of_state(it, DeliveryState.FAILED) == 0
            assert set(it.mails(CRM)) == set(it.mails(OTHER))
            assert len(set(it.mails(CRM))) == 24
            assert set(Counter(it.mails(OTHER)).values()) == {1}

        lags = [clock.START + each.at - each.parcel.queued_at for each in up.attempts]
        assert max(lags) < 1.0
        tries: dict[str, list[float]] = defaultdict(list)
        for attempt in down.attempts:
            tries[attempt.parcel.event].append(attempt.at)
        for at in tries.values():
            waits = [after - before for before, after in pairwise(at)]
            assert all(wait >= least - 0.001 for wait, least in zip(waits, WAITS, strict=False)), (
                waits
            )

    clock.run(main())


def test_an_endpoint_that_only_fails_is_disabled_after_its_patience_and_its_backlog_is_kept(
    tmp_path: Path,
) -> None:
    """Five days of failures; the other is told so; enabled, it gets all, each once."""
    down, up = ScriptedSink(refuse), ScriptedSink()

    async def main() -> None:
        async with whole(tmp_path, tempo=CALM, crm=down, other=up) as it:
            began = it.clock.now()
            await arrivals(it, 7, every=12 * HOUR)
            state = it.courier.healths()[0]
            assert state.disabled_at is not None
            assert state.disabled_at - began >= PATIENCE - HOUR
            assert state.disabled_at - began <= PATIENCE + DAY
            told = [a for a in up.attempts if a.parcel.type == "endpoint.disabled"]
            assert len(told) == 1
            silent = len(down.attempts)
            await arrivals(it, 1, every=12 * HOUR)
            assert len(down.attempts) == silent

            down.answer = lambda _parcel: Delivered()
            due = {
                row.posting.event
                for row in it.store.state.deliveries.values()
                if row.endpoint == CRM and row.state is DeliveryState.DUE
            }
            assert it.courier.enable(CRM)
            await asyncio.sleep(HOUR)
            taken = [attempt.parcel.event for attempt in down.attempts[silent:]]
            assert sorted(taken) == sorted(due)

    clock.run(main())


def test_a_replay_since_an_instant_repeats_the_ids_that_were_given_up(tmp_path: Path) -> None:
    """What was given up after ten attempts comes again by a replay, under the ids of before."""
    down, up = ScriptedSink(refuse), ScriptedSink()

    async def main() -> None:
        async with whole(tmp_path, tempo=CALM, crm=down, other=up) as it:
            since = it.clock.now()
            for _ in range(5):
                it.server.deliver()
            await asyncio.sleep(80 * HOUR)
            assert of_state(it, DeliveryState.FAILED) >= 5
            first = set(it.mails(CRM))
            before = len(down.attempts), len(up.attempts)

            down.answer = lambda _parcel: Delivered()
            query = EventQuery(types=("message.*",), start=since)
            assert await it.store.replay(query, [CRM], it.clock.now()) == 5
            it.courier.enable(CRM)
            await asyncio.sleep(60)

            again = [attempt.parcel.event for attempt in down.attempts[before[0] :]]
            assert sorted(again) == sorted(first)
            assert len(up.attempts) == before[1]

    clock.run(main())


def test_an_endpoint_that_is_gone_takes_no_mail_of_another_with_it(tmp_path: Path) -> None:
    """410 disables it at once, and nothing of it is tried for days."""
    gone, up = ScriptedSink(lambda _parcel: Gone(reason="HTTP 410")), ScriptedSink()

    async def main() -> None:
        async with whole(tmp_path, tempo=CALM, crm=gone, other=up) as it:
            await arrivals(it, 2, every=6 * HOUR)

            assert len(gone.attempts) <= 2
            assert len(set(it.mails(OTHER))) == 8

    clock.run(main())
