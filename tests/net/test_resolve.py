"""Looking names up: off the loop, once at a time, and never in the way of a deadline."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from tests.net.peers import PATIENCE
from vedette.errors import NetworkError
from vedette.net.resolve import SystemResolver

pytestmark = pytest.mark.usefixtures("calm")


class Slow:
    """A lookup that waits until the test lets it answer."""

    def __init__(self, *addresses: str) -> None:
        self.asked: list[str] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self._addresses = addresses

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        self.begun.release()
        self.go.wait(PATIENCE)
        return self._addresses


async def test_systems_resolver_returns_literal_addresses() -> None:
    """The real lookup, with a name that needs no network."""
    assert await SystemResolver().resolve("192.0.2.1") == ["192.0.2.1"]


@pytest.mark.parametrize("name", ["localhost", "mail.localhost"])
async def test_localhost_is_this_machine_and_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A missing hosts file does not matter, and a name server can not say otherwise."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_words: pytest.fail("asked"))
    assert await SystemResolver().resolve(name) == ("127.0.0.1", "::1")


async def test_unknown_name_is_a_network_error_with_the_systems_words() -> None:
    """A name that does not exist is told with the resolver's words and a remedy."""

    def lookup(_name: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NetworkError, match=r"nowhere\.example can not .*check the spelling") as no:
        await SystemResolver(lookup=lookup).resolve("nowhere.example")
    assert no.value.reply == "Name or service not known"


async def test_silent_name_server_asks_for_patience() -> None:
    """A temporary failure is not blamed on the spelling."""

    def lookup(_name: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(NetworkError, match=r"try again later"):
        await SystemResolver(lookup=lookup).resolve("mail.example.org")


@pytest.mark.parametrize("fault", [OSError("too many open files"), ValueError("embedded null")])
async def test_other_fault_of_the_lookup_is_a_network_error(fault: Exception) -> None:
    """Whatever the system answers, the caller gets a typed error."""

    def lookup(_name: str) -> Sequence[str]:
        raise fault

    with pytest.raises(NetworkError, match=str(fault)):
        await SystemResolver(lookup=lookup).resolve("mail.example.org")


async def test_one_name_at_one_time_is_one_lookup() -> None:
    """A thousand mailboxes of one host that reconnect ask the name server once."""
    slow = Slow("192.0.2.1")
    resolver = SystemResolver(lookup=slow, memory=0.0)
    waiting = [asyncio.create_task(resolver.resolve("mail.example.org")) for _ in range(1000)]
    await asyncio.sleep(0)
    slow.go.set()
    assert set(map(tuple, await asyncio.gather(*waiting))) == {("192.0.2.1",)}
    assert slow.asked == ["mail.example.org"]
    await resolver.resolve("mail.example.org")
    assert slow.asked == ["mail.example.org"] * 2


async def test_answer_serves_those_who_ask_soon_after() -> None:
    """A storm of logins at one host asks the name server every few seconds, not for each."""
    slow = Slow("192.0.2.1")
    slow.go.set()
    resolver = SystemResolver(lookup=slow)
    for name in ("a.example.org", "b.example.org", "a.example.org"):
        assert await resolver.resolve(name) == ("192.0.2.1",)
    assert slow.asked == ["a.example.org", "b.example.org"]


async def test_failed_lookup_is_not_remembered() -> None:
    """Whoever asks after a failure is answered by a new lookup."""
    asked: list[str] = []

    def lookup(name: str) -> Sequence[str]:
        asked.append(name)
        if len(asked) == 1:
            raise OSError("the network is down")
        return ("192.0.2.1",)

    resolver = SystemResolver(lookup=lookup)
    with pytest.raises(NetworkError):
        await resolver.resolve("mail.example.org")
    assert await resolver.resolve("mail.example.org") == ("192.0.2.1",)


async def test_remembered_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the limit the oldest answer is forgotten."""
    monkeypatch.setattr("vedette.net.resolve.MEMORY_LIMIT", 2)
    slow = Slow("192.0.2.1")
    slow.go.set()
    resolver = SystemResolver(lookup=slow)
    for name in ("a", "b", "c", "b", "a"):
        await resolver.resolve(f"{name}.example.org")
    assert [name[0] for name in slow.asked] == ["a", "b", "c", "a"]


async def test_cancelled_waiter_leaves_the_others_their_answer() -> None:
    """One deadline does not take the lookup away from those who still wait."""
    slow = Slow("192.0.2.1")
    resolver = SystemResolver(lookup=slow)
    hasty = asyncio.create_task(resolver.resolve("mail.example.org"))
    patient = asyncio.create_task(resolver.resolve("mail.example.org"))
    await asyncio.sleep(0)
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    slow.go.set()
    assert await patient == ("192.0.2.1",)


async def test_lookup_whose_waiters_all_left_disturbs_nobody() -> None:
    """A failure that nobody waits for any more is not reported to the loop."""
    let = threading.Event()

    def lookup(_name: str) -> Sequence[str]:
        let.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    resolver = SystemResolver(lookup=lookup)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolver.resolve("mail.example.org")
    let.set()


async def test_lookups_at_one_time_are_bounded() -> None:
    """Over the bound a lookup waits for a thread, and gets its turn."""
    slow = Slow("192.0.2.1")
    resolver = SystemResolver(lookup=slow, lookups=2)
    waiting = [asyncio.create_task(resolver.resolve(f"mail{n}.example.org")) for n in range(5)]
    for _ in range(2):
        await asyncio.to_thread(slow.begun.acquire)
    assert len(slow.asked) == 2
    slow.go.set()
    await asyncio.gather(*waiting)
    assert len(slow.asked) == 5


def test_process_does_not_wait_for_a_dead_name_server() -> None:
    """An interpreter with a lookup under way ends at once."""
    script = """
import asyncio, threading
from vedette.net.resolve import SystemResolver

async def main():
    asyncio.get_running_loop().call_later(0.1, asyncio.current_task().cancel)
    await SystemResolver(lookup=lambda name: threading.Event().wait()).resolve("mail.example.org")

try:
    asyncio.run(main())
except asyncio.CancelledError:
    print("over")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=True
    )
    assert (ended.stdout, ended.stderr) == ("over\n", "")


def test_hanging_lookup_does_not_outlive_its_loop() -> None:
    """A loop that ends with a lookup under way ends at once; the late answer goes nowhere."""
    slow = Slow("192.0.2.1")

    async def main() -> None:
        task = asyncio.create_task(SystemResolver(lookup=slow).resolve("mail.example.org"))
        await asyncio.to_thread(slow.begun.acquire)
        task.cancel()

    asyncio.run(main())
    slow.go.set()
    for thread in threading.enumerate():
        if thread.name == "resolve":
            thread.join(PATIENCE)
