"""Happy eyeballs: the order of attempts, the winner, and the fate of the losers."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from tests.net.peers import blackhole, serve, silent
from vedette.net.race import Race, interleaved

pytestmark = pytest.mark.usefixtures("calm")


class Failures(dict[str, int | None]):
    """What failed: the address and the system's error number."""

    def note(self, address: str, error: OSError) -> None:
        self[address] = error.errno


def test_families_take_turns_and_the_resolvers_first_starts() -> None:
    """Addresses alternate between the families (RFC 8305 section 4), each only once."""
    found = ["2001:db8::1", "2001:db8::2", "2001:db8::1", "2001:db8::3", "192.0.2.1"]
    assert interleaved(found) == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"]
    assert interleaved(["192.0.2.1", "2001:db8::1"]) == ["192.0.2.1", "2001:db8::1"]
    assert interleaved([]) == []


async def test_first_address_wins_when_it_lives() -> None:
    """With two living addresses the first is used and the second not even tried."""
    failures = Failures()
    with serve(silent) as server, serve(silent, address="::1", port=server.port) as second:
        won = await Race(["127.0.0.1", "::1"], server.port, failed=failures.note).run()
        assert won is not None
        sock, address = won
        sock.close()
        assert (address, second.accepted, failures) == ("127.0.0.1", 0, {})


async def test_refused_address_is_followed_at_once() -> None:
    """A refusal starts the next attempt without the delay."""
    failures = Failures()
    with serve(silent) as server:
        began = time.monotonic()
        won = await Race(["::1", "127.0.0.1"], server.port, failed=failures.note, delay=60).run()
        assert won is not None
        won[0].close()
        assert won[1] == "127.0.0.1"
        assert time.monotonic() - began < 30
    assert list(failures) == ["::1"]


async def test_all_failed_is_none_with_every_error() -> None:
    """When no address connects the caller knows why of each."""
    failures = Failures()
    with serve(silent) as server:
        port = server.port
    addresses = ["::1", "127.0.0.1", "127.0.0.2"]
    assert await Race(addresses, port, failed=failures.note).run() is None
    assert sorted(failures) == sorted(addresses)


async def test_unusable_address_is_a_failure_like_another() -> None:
    """An address that the system refuses to dial does not end the race."""
    failures = Failures()
    with serve(silent) as server:
        addresses = ["fe80::1%no-such-interface", "255.255.255.255", "127.0.0.1"]
        won = await Race(addresses, server.port, failed=failures.note).run()
        assert won is not None
        won[0].close()
    assert list(failures) == addresses[:2]


async def test_losers_are_closed_when_the_race_is_left() -> None:
    """Leaving a race with attempts under way, by cancellation, closes their sockets."""
    with serve(silent) as server:
        port = server.port
    with blackhole("127.0.0.1", port), blackhole("::1", port), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await Race(["127.0.0.1", "::1"], port, failed=Failures().note, delay=0.01).run()


async def test_race_over_no_address_is_lost() -> None:
    """Nothing to try is nothing won."""
    assert await Race([], 1, failed=Failures().note).run() is None


async def test_scope_of_a_link_local_address_may_be_a_number() -> None:
    """The scope after the percent sign is an interface by name or number."""
    failures = Failures()
    number = socket.if_nametoindex("lo")
    with serve(silent) as server:
        addresses = [f"::1%{number}", "::1%lo"]
        won = await Race(addresses, server.port, failed=failures.note).run()
    assert won is None
    assert len(failures) == 2
