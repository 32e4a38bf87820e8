"""A service whose Postgres stands still for longer than its lease, and goes on: nothing is lost."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ownership.instances import Instances
from tests.support.dovecot import Dovecot
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(180)]

#: What a person has to look at.
LOUD = frozenset({"warning", "error", "critical"})


def test_a_paused_database_is_said_once_and_costs_no_message(
    tmp_path: Path, dovecot: Dovecot, make_postgres: Callable[..., Postgres], user: str
) -> None:
    """The watch ends with the lease, each mailbox comes back, and no message has two ids."""
    server = make_postgres()
    url = server.url(asyncio.run(server.make()))
    users = [f"{user}-{number}" for number in range(4)]
    with Instances(tmp_path, dovecot, url, users) as instances:
        instances.start_all("one")
        service = instances.services["one"]
        with instances.load(pause=0.1):
            server.pause()
            before = len(service.err)
            service.until_logged('"owner.lapsed"', within=30.0)
            server.resume()
            instances.until_watched()
            instances.deliver()

        instances.until_received()
        told = [json.loads(line) for line in service.err[before:].splitlines()]
        loud = Counter(
            (each["event"], each.get("account")) for each in told if each["level"] in LOUD
        )
        assert loud["owner.lapsed", None] == 1
        assert set(loud.values()) == {1}, loud
        assert instances.doubles() == {}
