"""The wall clock jumps, the machine sleeps, the process stands still: the whole engine goes on.

Durations are measured on the loop's clock and instants on the wall's; whatever happens to
either, nothing is lost, no event gets a second id, and no endpoint gets a storm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.engine.scripted_sink import ScriptedSink
from tests.engine.whole import DAY, HOUR, Whole, whole
from tests.support import clock
from vedette.engine.lane import Tempo
from vedette.model.account import AccountState
from vedette.model.delivery import Delivered, Outcome, Parcel, Refused
from vedette.outbox import signature
from vedette.outbox.schedule import WAITS
from vedette.secret import Secret

Story = Callable[[Whole], Awaitable[None]]

JUMPS = [
    pytest.param(DAY, id="a day forward"),
    pytest.param(-DAY, id="a day back"),
    pytest.param(HOUR, id="an hour forward"),
    pytest.param(-HOUR, id="an hour back"),
    pytest.param(1.0, id="a leap second"),
    pytest.param(-1.0, id="a leap second back"),
    pytest.param(10 * 365 * DAY, id="ten years forward"),
    pytest.param(-10 * 365 * DAY, id="ten years back"),
]


def refuse(_parcel: Parcel) -> Outcome:
    return Refused(reason="HTTP 500")


def play(story: Story, spool: Path, **sinks: ScriptedSink) -> None:
    """Tell a story of an engine that is connected."""

    async def main() -> None:
        async with whole(spool, tempo=None, **sinks) as it:
            await story(it)

    clock.run(main())


@pytest.mark.parametrize("jump", JUMPS)
def test_mail_comes_once_and_at_once_around_a_jump(tmp_path: Path, jump: float) -> None:
    """Before, with and after the jump: each event is sent once, within seconds, over one link."""
    sink = ScriptedSink()

    async def story(it: Whole) -> None:
        for _ in range(3):
            it.server.deliver()
            it.clock.set_forward(jump)
            await asyncio.sleep(6)
        assert len(it.mails()) == 3
        await asyncio.sleep(2 * HOUR)

        assert len(it.mails()) == len(set(it.mails())) == 3
        assert len(it.server.open_talks) == 1
        assert it.supervisor.healths[0].state is AccountState.CONNECTED

    play(story, tmp_path, crm=sink)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_retry_is_never_later_than_its_wait_because_of_a_jump(
    tmp_path: Path, jump: float
) -> None:
    """The endpoint fails, the clock jumps, the endpoint is well: the event has come in time."""
    sink = ScriptedSink(refuse)

    async def story(it: Whole) -> None:
        it.server.deliver()
        await asyncio.sleep(10)
        # Two attempts were made; the third is due in five minutes.
        assert len(it.mails()) == 2
        it.clock.set_forward(jump)
        sink.answer = lambda _parcel: Delivered()
        await asyncio.sleep(WAITS[1] + 60)

        assert it.unsettled() == []
        assert len(it.mails()) == 3
        assert len(set(it.mails())) == 1

    play(story, tmp_path, crm=sink)


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_jump_fires_no_retries_en_masse_at_a_dead_endpoint(tmp_path: Path, jump: float) -> None:
    """Two hundred events wait for it; in the minute behind the jump it is asked a few times."""
    sink = ScriptedSink(refuse)

    async def story(it: Whole) -> None:
        for _ in range(200):
            it.server.deliver()
        await asyncio.sleep(HOUR)
        before = len(sink.attempts)
        it.clock.set_forward(jump)
        await asyncio.sleep(60)

        # One probe for each rest of 15 to 30 seconds, and what is under way beside it.
        assert len(sink.attempts) - before <= 8
        assert len(it.unsettled()) == 201

    play(story, tmp_path, crm=sink)


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_an_attempt_under_way_at_a_jump_is_made_once(tmp_path: Path, jump: float) -> None:
    """The claim was for a time by the wall's clock; whoever sends it is still the only one."""
    sink = ScriptedSink()
    sink.gate.clear()

    async def story(it: Whole) -> None:
        it.server.deliver()
        await asyncio.sleep(2)
        it.clock.set_forward(jump)
        await asyncio.sleep(15)
        sink.gate.set()
        await asyncio.sleep(2 * HOUR)

        assert len(it.mails()) == 1
        assert it.unsettled() == []

    play(story, tmp_path, crm=sink)


class Signing(ScriptedSink):
    """Signs each attempt as the webhook does, and judges it as a receiver at the same clock."""

    def __init__(self) -> None:
        super().__init__(refuse)
        self.now: Callable[[], float] = lambda: 0.0
        self.ages: list[float] = []

    async def send(self, parcel: Parcel) -> Outcome:
        signed = signature.headers(
            [Secret(b"k" * 32)], message=parcel.event, timestamp=self.now(), body=parcel.body
        )
        outcome = await super().send(parcel)
        self.ages.append(self.now() - float(signed["webhook-timestamp"]))
        return outcome


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_every_attempt_bears_a_fresh_signature(tmp_path: Path, jump: float) -> None:
    """A receiver with the same clock never sees one that is older than its tolerance."""
    sink = Signing()

    async def story(it: Whole) -> None:
        sink.now = it.clock.now
        it.server.deliver()
        for _ in range(6):
            await asyncio.sleep(HOUR)
            it.clock.set_forward(jump)

        assert len(sink.ages) >= 5
        assert all(0 <= age < 300 for age in sink.ages)

    play(story, tmp_path, crm=sink)


@pytest.mark.parametrize("asleep", [60.0, 8 * HOUR, 30 * DAY])
def test_a_machine_that_slept_catches_up_within_seconds(tmp_path: Path, asleep: float) -> None:
    """Links are dead and nobody said so: proven at once, one login, all mail, each once."""
    sink = ScriptedSink()

    async def story(it: Whole) -> None:
        it.server.deliver()
        await asyncio.sleep(5)
        it.suspend(asleep)
        it.server.deliver()
        it.server.deliver()
        await asyncio.sleep(30)

        assert len(it.mails()) == 3
        assert len(it.server.dialer.dialed_at) == 2
        await asyncio.sleep(HOUR)
        assert len(it.mails()) == len(set(it.mails())) == 3

    play(story, tmp_path, crm=sink)


def test_a_sleep_in_the_middle_of_an_outage_does_not_disable_the_endpoint_alone(
    tmp_path: Path,
) -> None:
    """Failures before and after a week's sleep are few and not spread: the endpoint stays on."""
    sink = ScriptedSink(refuse)

    async def story(it: Whole) -> None:
        it.server.deliver()
        await asyncio.sleep(10)
        it.suspend(7 * DAY)
        sink.answer = lambda _parcel: Delivered()
        await asyncio.sleep(400)

        assert it.unsettled() == []
        assert it.courier.healths()[0].disabled_at is None

    play(story, tmp_path, crm=sink)


@pytest.mark.parametrize("still", [60.0, HOUR, 8 * HOUR])
def test_a_process_that_stood_still_sends_nothing_twice(tmp_path: Path, still: float) -> None:
    """SIGSTOP for hours: every timer is due at once, and an attempt's lease is long over."""
    sink = ScriptedSink(delay=1.0)

    async def story(it: Whole) -> None:
        it.server.deliver()
        await asyncio.sleep(0.5)
        assert sink.flying == 1
        it.stand_still(still)
        await asyncio.sleep(Tempo().lease + 60)
        it.server.deliver()
        await asyncio.sleep(60)

        assert it.unsettled() == []
        assert len(set(it.mails())) == 2
        # The attempt that was cut by its deadline may be made once more, under the same id.
        assert len(it.mails()) <= 3
        assert len(it.server.dialer.dialed_at) <= 2

    play(story, tmp_path, crm=sink)


@pytest.mark.parametrize("down", [0.0, HOUR])
@pytest.mark.parametrize("set_back", [2 * HOUR, DAY, 10 * 365 * DAY])
def test_a_retry_waits_no_longer_because_the_clock_was_set_back_while_nobody_ran(
    tmp_path: Path, down: float, set_back: float
) -> None:
    """The process ends, the clock is set back, the process begins: the event comes in time."""
    sink = ScriptedSink(refuse)

    async def story(it: Whole) -> None:
        it.server.deliver()
        await asyncio.sleep(10)
        # Two attempts were made; the third is due in five minutes.
        assert len(it.mails()) == 2
        sink.answer = lambda _parcel: Delivered()
        await it.restart(down=down, set_back=set_back)
        await asyncio.sleep(WAITS[1] + 60)

        assert it.unsettled() == []
        assert len(it.mails()) == 3
        assert len(set(it.mails())) == 1
        assert len(it.server.dialer.dialed_at) == 2

    play(story, tmp_path, crm=sink)
