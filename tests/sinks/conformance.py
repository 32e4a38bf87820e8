"""What every sink with a broker promises, against the real broker: one suite, a class for each.

A sink's own test file derives from ``BrokerContract`` and gives two fixtures: ``harness``
(``tests.sinks.harness.Harness``), and ``tls``, which makes a sink that reaches the broker by TLS
and trusts its certificate, or not. Faults of the line come from a proxy before the broker; a death
is the broker's own.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable

import pytest

from tests.sinks.dispatch import couriered
from tests.sinks.harness import (
    PATIENCE,
    SHORT,
    Harness,
    attempts_in_vain,
    ids,
    proxied,
    reason,
    running,
    until_delivered,
)
from tests.sinks.hooks import STRICT
from tests.sinks.letters import letter
from tests.support.process import open_descriptors
from tests.support.toxics import Cut, HalfOpen, Hold
from vedette.model.delivery import Delivered, Refused
from vedette.ports.sink import Sink


class BrokerContract:
    """The whole suite."""

    async def test_what_counts_as_delivered_is_there_byte_for_byte(self, harness: Harness) -> None:
        """The body is the CloudEvent as it was stored, and beside it stand id, type and account."""
        sent = letter(1, subject="Grüße\u2028 \N{SNOWMAN}")
        async with running(harness.sink(harness.url())) as sink:
            assert isinstance(await sink.send(sent), Delivered)

        (found,) = await harness.taken()
        assert found.body == sent.body
        assert found.event == sent.event

    async def test_a_large_event_arrives_whole(self, harness: Harness) -> None:
        """Half a megabyte: more than any buffer on the way."""
        sent = letter(1, subject="x" * 500_000)
        async with running(harness.sink(harness.url())) as sink:
            assert isinstance(await sink.send(sent), Delivered)

        assert [each.body for each in await harness.taken()] == [sent.body]

    async def test_nothing_counts_as_delivered_before_it_is_acknowledged(
        self, harness: Harness
    ) -> None:
        """The broker has it, its word is held up on the line: the attempt goes on."""
        async with proxied(harness) as (proxy, sink):
            await sink.send(letter(1))
            hold = Hold(harness.ack)
            proxy.put(hold)
            attempt = asyncio.ensure_future(sink.send(letter(2)))
            await hold.news.wait()

            assert not attempt.done()
            assert ids(await harness.taken()) == [letter(1).event, letter(2).event]

            proxy.take(hold)
            assert isinstance(await attempt, Delivered)

    async def test_an_acknowledgement_that_is_lost_leads_to_a_repeat_with_the_same_id(
        self, harness: Harness
    ) -> None:
        """Refused, sent again; a consumer, or the broker itself, knows the repeat by its id."""
        async with proxied(harness) as (proxy, sink):
            await sink.send(letter(1))
            with proxy.suffering(Cut(0, word=harness.ack, times=1, reset=True)):
                first = await sink.send(letter(2))
            second = await until_delivered(sink, letter(2))

        assert isinstance(first, Refused)
        assert isinstance(second[-1], Delivered)
        copies = 2 if harness.keeps_repeats else 1
        assert ids(await harness.taken()) == [letter(1).event] + [letter(2).event] * copies

    async def test_a_broker_that_is_down_is_refused_in_one_line_and_loses_nothing(
        self, harness: Harness
    ) -> None:
        """Also when it is down as the sink starts; it goes on when the broker is there."""
        async with harness.server.proxy() as proxy:
            proxy.refuse()
            async with running(harness.sink(harness.url(port=proxy.port))) as sink:
                outcomes = [await sink.send(letter(number)) for number in range(5)]
                await proxy.listen()
                for number in range(5):
                    await until_delivered(sink, letter(number))

        for outcome in outcomes:
            assert "Connection refused" in reason(outcome)
            assert reason(outcome).isprintable()
        assert ids(await harness.taken()) == [letter(number).event for number in range(5)]

    async def test_a_broker_that_was_killed_is_used_again_without_a_new_start(
        self, harness: Harness
    ) -> None:
        """What it acknowledged survives, what it did not is refused, and the sink goes on."""
        async with running(harness.sink(harness.url())) as sink:
            assert isinstance(await sink.send(letter(1)), Delivered)
            await asyncio.to_thread(harness.server.kill)
            down = [await sink.send(letter(2)), await sink.send(letter(2))]
            await asyncio.to_thread(harness.server.start)
            await until_delivered(sink, letter(2))

        assert {type(each) for each in down} == {Refused}
        assert ids(await harness.taken()) == [letter(1).event, letter(2).event]

    async def test_a_broker_that_dies_during_an_attempt_refuses_it_at_once(
        self, harness: Harness
    ) -> None:
        """Nobody waits for the deadline when the connection is gone."""
        async with proxied(harness, timeout=PATIENCE) as (proxy, sink):
            await sink.send(letter(1))
            hold = Hold(harness.ack)
            proxy.put(hold)
            attempt = asyncio.ensure_future(sink.send(letter(2)))
            await hold.news.wait()
            proxy.cut()
            async with asyncio.timeout(PATIENCE / 4):
                outcome = await attempt
            proxy.take(hold)

        assert isinstance(outcome, Refused)

    async def test_a_broker_that_does_not_answer_is_given_up_at_the_deadline(
        self, harness: Harness
    ) -> None:
        """It is stopped as a process, its connections open; when it goes on, so does the sink."""
        async with running(harness.sink(harness.url(), timeout=SHORT)) as sink:
            await until_delivered(sink, letter(1))
            harness.server.pause()
            try:
                began = asyncio.get_running_loop().time()
                outcomes = await asyncio.gather(*(sink.send(letter(n)) for n in range(2, 6)))
                took = asyncio.get_running_loop().time() - began
            finally:
                harness.server.resume()
            for number in range(2, 6):
                await until_delivered(sink, letter(number), attempts=20)

        assert {type(each) for each in outcomes} == {Refused}
        assert f"within {SHORT:g} s" in reason(outcomes[0])
        assert took < SHORT + 1.0
        assert set(ids(await harness.taken())) == {letter(number).event for number in range(1, 6)}

    async def test_a_connection_that_died_in_silence_costs_one_attempt(
        self, harness: Harness
    ) -> None:
        """A router forgot it: no reset, no answer. The next attempt has a new connection."""
        async with proxied(harness, timeout=SHORT, connections=1) as (proxy, sink):
            await until_delivered(sink, letter(1))
            with proxy.suffering(HalfOpen()):
                first = await sink.send(letter(2))
            second = await until_delivered(sink, letter(2))

        assert isinstance(first, Refused)
        assert isinstance(second[-1], Delivered)

    async def test_one_event_after_the_other_keeps_its_order_through_faults(
        self, harness: Harness
    ) -> None:
        """As an ordered endpoint sends: repeats are where they may be, and nothing overtakes."""
        async with proxied(harness) as (proxy, sink):
            for number in range(30):
                if number in {7, 16, 17}:
                    proxy.cut()
                if number == 22:
                    proxy.put(Cut(0, word=harness.ack, times=1, reset=True))
                await until_delivered(sink, letter(number))

        first = dict.fromkeys(ids(await harness.taken()))
        assert list(first) == [letter(number).event for number in range(30)]

    async def test_a_courier_loses_nothing_when_the_broker_dies_under_it(
        self, harness: Harness
    ) -> None:
        """Killed with events on their way: all of them are there in the end, each folder in order."""
        folders = {f"folder-{number}".encode(): 20 for number in range(3)}
        hold = Hold(harness.ack)
        async with harness.server.proxy() as proxy:
            sink = harness.sink(harness.url(port=proxy.port))
            async with couriered(sink, folders) as dispatch:
                proxy.put(hold)
                dispatch.wake()
                await hold.news.wait()
                await asyncio.to_thread(harness.server.kill)
                proxy.cut()
                proxy.take(hold)
                await asyncio.to_thread(harness.server.start)
                await dispatch.all_delivered()

        found = list(dict.fromkeys(ids(await harness.taken())))
        for folder, count in folders.items():
            mine = [each for each in found if each.startswith(f"{folder.decode()}:")]
            assert mine == [f"{folder.decode()}:{number}" for number in range(count)]

    async def test_many_at_once_arrive_once_each(self, harness: Harness) -> None:
        """More than there are connections."""
        async with running(harness.sink(harness.url(), connections=4)) as sink:
            outcomes = await asyncio.gather(*(sink.send(letter(number)) for number in range(60)))

        assert {type(each) for each in outcomes} == {Delivered}
        assert sorted(ids(await harness.taken())) == sorted(letter(n).event for n in range(60))

    async def test_a_cancelled_attempt_harms_no_other(self, harness: Harness) -> None:
        """The courier stops one; the answer that comes for it is nobody else's."""
        async with proxied(harness, connections=1) as (proxy, sink):
            await sink.send(letter(1))
            hold = Hold(harness.ack)
            proxy.put(hold)
            attempt = asyncio.ensure_future(sink.send(letter(2)))
            await hold.news.wait()
            attempt.cancel()
            with pytest.raises(asyncio.CancelledError):
                await attempt
            proxy.take(hold)
            for number in range(3, 8):
                await until_delivered(sink, letter(number))

        assert set(ids(await harness.taken())) == {letter(number).event for number in range(1, 8)}

    async def test_a_stopped_sink_refuses_and_leaves_nothing_open(self, harness: Harness) -> None:
        """It may be stopped twice; no descriptor and no task stays."""
        gc.collect()
        before = open_descriptors()
        sink = harness.sink(harness.url())
        async with running(sink):
            await asyncio.gather(*(sink.send(letter(number)) for number in range(8)))
        await sink.stop()

        assert "stopped" in reason(await sink.send(letter(9)))
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        gc.collect()
        assert open_descriptors() == before

    async def test_attempts_that_never_reached_the_broker_leave_nothing_open(
        self, harness: Harness
    ) -> None:
        """Refused at the port, at the login, by the guard; and silence in the midst of the login."""
        await attempts_in_vain(harness)
        gc.collect()
        before = open_descriptors()
        for _ in range(3):
            await attempts_in_vain(harness)

        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        gc.collect()
        assert open_descriptors() <= before

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:7f00:1]"])
    async def test_no_spelling_of_an_inside_address_is_dialled_unless_it_may(
        self, harness: Harness, host: str
    ) -> None:
        """The very address is judged, as a webhook's is."""
        async with harness.server.proxy() as proxy:
            sink = harness.sink(harness.url(port=proxy.port, host=host), guard=STRICT)
            async with running(sink):
                outcome = await sink.send(letter(1))

            assert "may not be dialled" in reason(outcome)
            assert proxy.accepted == []

    async def test_a_wrong_password_is_refused_and_never_shown(
        self, harness: Harness, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nor the right one, nor the mail: not in a reason, not in a line of any library's log."""
        caplog.set_level(logging.DEBUG)
        wrong = "wr0ng-and-secret"
        outcomes = []
        async with running(harness.sink(harness.url(secret=wrong), timeout=5.0)) as sink:
            outcomes.append(await sink.send(letter(1)))
        async with proxied(harness, timeout=5.0) as (proxy, sink):
            outcomes.append(await sink.send(letter(2)))
            proxy.cut()
            proxy.refuse()
            outcomes.append(await sink.send(letter(3)))

        words = " ".join([*map(str, outcomes), caplog.text])
        assert isinstance(outcomes[0], Refused)
        assert isinstance(outcomes[1], Delivered)
        for secret in (wrong, harness.secret, "subject of"):
            assert secret not in words

    async def test_tls_trusts_the_named_authority_and_no_other(
        self, tls: Callable[..., Sink], harness: Harness
    ) -> None:
        """A private authority counts when it is named; else the certificate is refused."""
        async with running(tls(trusted=True)) as sink:
            trusted = await sink.send(letter(1))
        async with running(tls(trusted=False)) as sink:
            untrusted = await sink.send(letter(2))

        assert isinstance(trusted, Delivered), trusted
        assert "the certificate is not trusted" in reason(untrusted)
