"""Fixtures of the network's tests: an authority, a certificate, and a loop that must stay calm."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.net.link import Link
from tests.net.peers import PATIENCE
from tests.support.authority import Authority, Certificate
from tests.support.process import open_descriptors


@pytest.fixture(scope="session")
def leaf(authority: Authority) -> Certificate:
    """Return a valid certificate for mail.example.org and loopback."""
    return authority.issue("mail.example.org", "127.0.0.1", "::1")


@pytest.fixture
async def calm() -> AsyncIterator[None]:
    """Fail a test that leaves a descriptor open, a task behind, or an error with the loop."""
    loop = asyncio.get_running_loop()
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    tasks: set[asyncio.Task[Any] | None] = {*asyncio.all_tasks()}
    gc.collect()
    before = open_descriptors()
    yield
    gc.collect()
    async with asyncio.timeout(PATIENCE):
        # Closed sockets of the servers' threads go a moment after the test.
        tasks.add(asyncio.current_task())
        while open_descriptors() > before or asyncio.all_tasks() - tasks:  # noqa: ASYNC110 - the kernel's table has no event
            await asyncio.sleep(0)
    # A task whose error nobody took says so when it is collected.
    gc.collect()
    assert reported == []


@pytest.fixture(params=["plaintext", "TLSv1.2", "TLSv1.3"])
def link(request: pytest.FixtureRequest, authority: Authority, leaf: Certificate) -> Link:
    """Give each test the three kinds of link."""
    versions = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
    version = versions.get(request.param)
    return Link(authority, None if version is None else leaf.context(maximum=version))
