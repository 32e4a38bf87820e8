"""What a crash cut off of a tenant's end is gone on with at the next start of the service."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from dataclasses import replace
from pathlib import Path

from tests.api.test_serve import FIRST, configured, got, run
from tests.store.bundle import StillClock
from tests.support.ports import free_port
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Put, Record
from vedette.service.accounts.tenant import Tenant, record_of
from vedette.store.sqlite.store import SqliteStore

LEFT = TenantId("left")


async def halfway(state: Path) -> None:
    """Leave a state as a kill does between the word that a tenant goes and its end."""
    store = SqliteStore(state, StillClock(1_800_000_000.0))
    await store.start()
    leaving = record_of(replace(Tenant(id=LEFT), is_leaving=True))
    hook = Record(kind=Kind.CURSOR, id="left/billing", tenant=LEFT, body=json.dumps({}))
    puts = [Put(record=each, expected=0) for each in (leaving, hook)]
    assert (await store.records.write(puts, now=1_800_000_000.0)).refusal is None
    await store.stop()


async def belongings(state: Path) -> list[bool]:
    store = SqliteStore(state, StillClock(1_800_000_000.0))
    await store.start()
    found = [
        await store.records.record(Kind.TENANT, LEFT) is not None,
        await store.records.record(Kind.CURSOR, "left/billing") is not None,
    ]
    await store.stop()
    return found


def test_a_deletion_that_a_kill_cut_off_is_finished_at_the_next_start(tmp_path: Path) -> None:
    """Nobody asks for it again: the tenant and all that it had are gone."""
    port = free_port()
    file = configured(tmp_path, f'listen = "127.0.0.1:{port}"')
    (tmp_path / "state").mkdir(mode=0o700)
    asyncio.run(halfway(tmp_path / "state"))

    with run(tmp_path, file) as service:
        service.until_logged(FIRST)
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)
        status = 0
        for _ in range(1_000):
            status, _ = got(port, "/v1/tenants/left", key)
            if status != 200:
                break
        assert status == 404
        service.send(signal.SIGTERM)
        assert service.ended() == 0
    assert asyncio.run(belongings(tmp_path / "state")) == [False, False]
