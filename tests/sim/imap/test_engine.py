"""The real engine watches the simulated server: an arrival becomes an event."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.sim.imap.conduct import ALL, BARE, GMAIL, USUAL, Conduct
from tests.sim.imap.server import ImapServer
from tests.support import clock
from tests.support.wire import Wire, WireDialer
from tests.support.world import Setting, Watch, quiet


def server() -> ImapServer:
    """Return a server in the time of the running loop."""
    loop = asyncio.get_running_loop()
    made = ImapServer(
        dice=random.Random(1),
        now=lambda: clock.START + loop.time(),
        later=loop.call_later,
        conduct=Conduct.peaceful(),
    )
    made.add_user("joe", "pass", ("INBOX", "Junk"))
    return made


def connected(server: ImapServer, wire: Wire) -> None:
    """Let the server accept one wire of the engine."""
    session = server.accept(wire.feed, wire.end)
    wire.on_data = session.receive
    wire.on_close = session.lost


@pytest.mark.parametrize("capabilities", [BARE, USUAL, GMAIL, ALL])
def test_arrivals_on_the_simulated_server_become_events(
    capabilities: Sequence[str], tmp_path: Path
) -> None:
    """In both folders, small and large, each once, whatever the server offers."""

    async def main() -> list[str]:
        made = server()
        made.conduct = Conduct.peaceful(capabilities)
        made.deliver("joe", "INBOX", "old")
        setting = Setting(folders=("INBOX", "Junk"))
        watch = Watch(setting, WireDialer(partial(connected, made)), tmp_path)
        await watch.start()
        await asyncio.sleep(60.0)
        made.deliver("joe", "INBOX", "small")
        made.deliver("joe", "Junk", "other")
        made.deliver("joe", "INBOX", "large", size=200_000)
        await asyncio.sleep(600.0)
        await watch.stop()
        await quiet()
        assert [session.user for session in made.sessions] == []
        return [event["data"]["subject"] for event in watch.events("message.received")]

    assert sorted(clock.run(main())) == ["large", "other", "small"]
