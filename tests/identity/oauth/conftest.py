"""The authorization server, a Dovecot that believes it, and one instance of a service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import running
from tests.identity.oauth.rig import Instance
from tests.support.authority import Authority
from tests.support.authorization import Authorization
from tests.support.dovecot import Dovecot
from tests.support.dovecot_config import Options


@pytest.fixture(scope="session")
def running_authorization() -> Iterator[Authorization]:
    """Run the authorization server."""
    yield from running(Authorization)


@pytest.fixture
def authorization(running_authorization: Authorization) -> Authorization:
    """Return the server with everything as it is by itself."""
    running_authorization.control(life=3600, fault=None)
    return running_authorization


@pytest.fixture(scope="session")
def mail_server(running_authorization: Authorization, authority: Authority) -> Iterator[Dovecot]:
    """Run a Dovecot that asks the authorization server about each access token."""
    yield from running(
        lambda: Dovecot(
            Options(introspection=running_authorization.introspection), authority=authority
        )
    )


@pytest.fixture
async def one() -> AsyncIterator[Instance]:
    """Return an instance of a service."""
    instance = Instance()
    await instance.begin()
    yield instance
    await instance.stop()


@pytest.fixture
async def two(one: Instance) -> AsyncIterator[Instance]:
    """Return another instance on the same state."""
    instance = Instance(one.memory.rows, name="two")
    yield instance
    await instance.stop()
