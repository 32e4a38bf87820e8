"""What tests of every room share: their order, real servers, and a user no other test knows.

A server is started once per test process and shared; a test keeps apart by its own ``user``.
A test that kills, stops or reconfigures a server makes one of its own with ``make_dovecot``.
"""

from __future__ import annotations

import gc
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, NoReturn, TypeVar

import pytest
import structlog
from hypothesis import settings

from tests.support.authority import Authority
from tests.support.courier import Courier
from tests.support.debian import UnavailableError
from tests.support.dovecot import Dovecot
from tests.support.dovecot_config import Options
from tests.support.postgres import Postgres

# How long an example takes is a question for a benchmark, not for a machine that has other work.
settings.register_profile("vedette", deadline=None)
settings.load_profile("vedette")

#: What is entered to run, and left to end.
Server = TypeVar("Server", bound=AbstractContextManager[Any])

PUSH = frozenset({"IDLE", "NOTIFY", "CONDSTORE", "QRESYNC", "MOVE"})


def absent(reason: UnavailableError) -> NoReturn:
    """Skip the test, or fail it where the servers are required."""
    if os.environ.get("VEDETTE_REQUIRE_SERVERS") == "1":
        pytest.fail(f"a required server is missing: {reason}", pytrace=False)
    pytest.skip(str(reason))


def running(make: Callable[[], Server]) -> Iterator[Server]:
    """Yield a server while it runs; skip the test where it can not be had."""
    try:
        server = make()
    except UnavailableError as reason:
        absent(reason)
    with server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start first what may take longest, by its deadline: no worker is left with it at the end."""
    items.sort(key=_deadline, reverse=True)


@pytest.fixture(scope="module", autouse=True)
def spared() -> None:
    """Keep thousands of collected tests out of the collector's rounds: each took 0.15 s of them.

    For each module anew, as the service's own use of the collector thaws what is frozen.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def fresh_log() -> Iterator[None]:
    """Leave the log as it was found: a level that a command set would hide lines of later tests."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(autouse=True)
def own_remains() -> Iterator[None]:
    """Let what a failed test has left open be its own fault, not that of the next test.

    pytest keeps the frames of a failed test, and all that is in them, until the next one begins.
    """
    yield
    kept = [
        name
        for name in ("last_type", "last_value", "last_traceback", "last_exc")
        if name in vars(sys)
    ]
    if kept:
        for name in kept:
            delattr(sys, name)
        gc.collect()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the certificate authority of this test process."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    """Run a Dovecot with all it can: TLS, IDLE, NOTIFY, CONDSTORE, QRESYNC, MOVE."""
    with _start(Options(), authority) as server:
        yield server


@pytest.fixture(scope="session")
def plain_dovecot(authority: Authority) -> Iterator[Dovecot]:
    """Run a Dovecot that announces neither IDLE, NOTIFY, CONDSTORE, QRESYNC nor MOVE."""
    with _start(Options(without=PUSH), authority) as server:
        yield server


@pytest.fixture
def make_dovecot(authority: Authority) -> Iterator[Callable[..., Dovecot]]:
    """Make servers of one's own: ``make_dovecot(max_connections=2)``; see ``Options``."""
    with ExitStack() as servers:

        def make(**options: object) -> Dovecot:
            return servers.enter_context(_start(Options(**options), authority))  # type: ignore[arg-type]

        yield make


@pytest.fixture(scope="session")
def courier(authority: Authority) -> Iterator[Courier]:
    """Run a Courier IMAP: TLS, IDLE, UIDPLUS; no MOVE, no CONDSTORE, no special use."""
    yield from running(lambda: Courier(authority=authority))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a Postgres that syncs nothing; a test has a ``database`` of its own in it."""
    with _start_postgres() as server:
        yield server


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """Return the name of an empty database; its address is ``postgres.url(database)``."""
    name = await postgres.make()
    yield name
    await postgres.drop(name)


@pytest.fixture
def make_postgres() -> Iterator[Callable[..., Postgres]]:
    """Make servers of one's own, to be killed or paused: ``make_postgres(durable=True)``."""
    with ExitStack() as servers:

        def make(*, durable: bool = False, authority: Authority | None = None) -> Postgres:
            return servers.enter_context(_start_postgres(durable=durable, authority=authority))

        yield make


@pytest.fixture
def user() -> str:
    """Return a user name that no other test uses."""
    return f"user-{uuid.uuid4().hex[:12]}"


def _start(options: Options, authority: Authority) -> Dovecot:
    try:
        return Dovecot(options, authority=authority)
    except UnavailableError as reason:
        absent(reason)


def _start_postgres(*, durable: bool = False, authority: Authority | None = None) -> Postgres:
    try:
        return Postgres(durable=durable, authority=authority)
    except UnavailableError as reason:
        absent(reason)


def _deadline(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return 0.0 if mark is None else float(mark.args[0])
