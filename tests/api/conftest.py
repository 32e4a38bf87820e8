"""The API over a state in memory; what differs between stores is tested on the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from io import StringIO

import pytest

from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.memory_store import MemoryStore
from vedette.telemetry.log import LogPolicy, configure

#: A Monday in January 2027.
NOW = 1_800_000_000.0


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    """Return an API over an empty state in memory."""
    clock = StillClock(NOW)
    store = MemoryStore(clock)
    await store.start()
    yield Face(store, clock)
    await store.stop()


@pytest.fixture
def logged() -> Callable[[], str]:
    """Return what gives the log of the test so far."""
    stream = StringIO()
    configure(LogPolicy(), stream)
    return stream.getvalue
