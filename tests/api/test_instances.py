"""Two instances on one database: whichever is asked tells what all of them know."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tests.app.live import ACME, PATIENCE, Live
from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.office import ADMIN
from tests.support.postgres import Postgres
from vedette.api.face import EngineView
from vedette.config.settings import StoreSettings
from vedette.model.account import AccountState
from vedette.model.ids import AccountId
from vedette.ownership.shard import InstanceId, shard_of
from vedette.ports.completeness import DayCount
from vedette.ports.ownership import Keeper
from vedette.secret import Secret
from vedette.service.refusals import NotHereError
from vedette.telemetry.registry import REGISTRY

pytestmark = pytest.mark.server


def fenced() -> float:
    [series] = [each for each in REGISTRY if each.name == "vedette_fenced_total"]
    return sum(point.value for point in series.points())


async def test_any_instance_tells_what_another_one_counted_and_who_that_is(
    postgres: Postgres, database: str, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Counts are in the state, the log is in memory; a write of one who lost it is refused."""
    url = Secret(postgres.url(database))
    pair = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        store = StoreSettings(url=url, instance=InstanceId(name))
        pair.append(Live(tmp_path / name, store=store))
    one, two = pair
    box = AccountId("box")
    where = {"host": "localhost", "port": dovecot.tls_port, "encryption": "tls", "private": True}
    login = {"user": user, "password": Secret("pass"), "ca": dovecot.ca_file.read_text()}
    await one.engine.start()
    try:
        await one.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
        await two.engine.start()
        await one.register(box, **where, **login)
        await one.until(lambda: box in {*one.watched, *two.watched}, "a watch")
        owner, other = (one, two) if box in one.watched else (two, one)
        await owner.until(lambda: owner.state(box) is AccountState.CONNECTED, "a login")
        assert owner.engine.tower.completeness.ask(box)
        found = await counted(other, box)
        view = EngineView(other.engine, lambda: False)
        keeper = await view.keeper(box)
        with pytest.raises(NotHereError) as refused:
            await view.heard(box)
        assert await EngineView(owner.engine, lambda: False).heard(box) is None

        before = fenced()
        await taken(url, shard_of(box))
        dovecot.deliver(user, letter(new_token()))
        await owner.until(lambda: fenced() > before, "a refused write")
    finally:
        await two.engine.stop()
        await one.engine.stop()

    name = owner.engine.settings.instance
    assert {each.folder for each in found} >= {"INBOX"}
    assert keeper == Keeper(instance=InstanceId(name))
    assert refused.value.members == {"watchedBy": name}


async def counted(at: Live, account: AccountId) -> list[DayCount]:
    """Wait until an instance tells what somebody counted."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not (found := await at.engine.store.counts.days(account)):
        assert asyncio.get_running_loop().time() < deadline, "nobody counted"
        await asyncio.sleep(0.1)
    return found


async def taken(url: Secret[str], shard: int) -> None:
    """Have another owner take a shard, as no instance of ours does while one lives."""
    connection = await asyncpg.connect(url.reveal())
    try:
        await connection.execute("UPDATE shard SET epoch = epoch + 1 WHERE id = $1", int(shard))
    finally:
        await connection.close()
