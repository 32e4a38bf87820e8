"""A plaintext line that changes an octet, or lets through ten a second: what can be promised is.

Without TLS nobody can tell a changed word of a letter from a letter; but whatever octet is hit,
each message is told once under its own name, or reported as missing, and the watch goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.support import clock
from tests.support.scripted import ScriptedServer
from tests.support.wire import Wire
from tests.support.world import Setting, Watch, cursor, quiet

#: Two pushes in a row, and one when whatever the flip led to is over.
ARRIVALS = (7.0, 8.0, 400.0)
#: A safety sync behind the last of them.
LENGTH = 720.0
#: Every fifth octet: no word of the protocol is so short that it is never hit.
STRIDE = 5
#: Octets a second of the line that drips.
DRIP = 10


class BadLine(ScriptedServer):
    """A server behind a line: ``carry`` gets each of its writes, with the way to the client."""

    def __init__(self, carry: Callable[[bytes, Callable[[bytes], None]], None]) -> None:
        super().__init__()
        self._carry = carry

    def _accept(self, wire: Wire) -> None:
        feed = wire.feed
        wire.feed = lambda data: self._carry(data, feed)  # type: ignore[method-assign]
        super()._accept(wire)


class Flip:
    """Flips bits of the octet ``at`` of all that the server says; ``passed`` counts them."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._bits = 1 << at % 7
        self.passed = 0

    def __call__(self, data: bytes, feed: Callable[[bytes], None]) -> None:
        at = self._at - self.passed
        self.passed += len(data)
        if 0 <= at < len(data):
            data = data[:at] + bytes([data[at] ^ self._bits]) + data[at + 1 :]
        feed(data)


def watched(flip: Flip, spool: Path) -> Watch:
    """Watch a folder over a line that flips one octet, and return what became of it."""
    server = BadLine(flip)
    server.box.uid_next = 3
    watch = Watch(Setting(read={b"INBOX": cursor(7, 2, first=2)}), server.dialer, spool)

    async def main() -> None:
        await watch.start()
        for at in ARRIVALS:
            asyncio.get_running_loop().call_at(at, server.deliver)
        await asyncio.sleep(LENGTH)
        await quiet()
        await watch.stop()

    clock.run(main())
    return watch


def test_an_octet_flipped_anywhere_costs_at_most_one_login(tmp_path: Path) -> None:
    """In a tag, a number, a length or a letter: each message is told once, or told as missing."""
    calm = Flip(-1)
    watched(calm, tmp_path)
    for at in range(0, calm.passed, STRIDE):
        watch = watched(Flip(at), tmp_path)
        received, missing = watch.uids(), watch.uids("message.missing")
        assert sorted(set(received)) == sorted(received), f"octet {at}: {received}"
        assert set(received) <= {3, 4, 5} <= {*received, *missing}, f"octet {at}: {received}"
        assert watch.logins() <= 2, f"octet {at}"


def test_a_line_that_drips_is_slow_and_not_dead(tmp_path: Path) -> None:
    """Ten octets a second: one login, and every message, though each takes most of a minute."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        free = 0.0

        def drip(data: bytes, feed: Callable[[bytes], None]) -> None:
            nonlocal free
            free = max(free, loop.time())
            for octet in data:
                free += 1 / DRIP
                loop.call_at(free, feed, bytes([octet]))

        server = BadLine(drip)
        watch = Watch(Setting(), server.dialer, tmp_path)
        await watch.start()
        await asyncio.sleep(60)
        for _ in range(5):
            server.deliver()
        await asyncio.sleep(600)
        assert watch.uids() == [1, 2, 3, 4, 5]
        assert watch.logins() == 1
        await watch.stop()

    clock.run(main())
