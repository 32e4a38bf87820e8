"""A demo server on a free port, for the tests of this folder."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from vedette.demo.server import DemoServer
from vedette.secret import Secret

PASSWORD = "pass word"


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    """Run a server with a maildrop of anna's."""
    running = DemoServer(now=time.time)
    running.add("anna", Secret(PASSWORD), uses=[("Junk", "\\Junk")])
    await running.start()
    yield running
    await running.stop()
