"""What is registered at one instance is live at the one that owns the mailbox, soon after."""

from __future__ import annotations

from pathlib import Path

from tests.app.live import ACME, Live
from tests.support.office import ADMIN
from tests.support.postgres import Postgres
from vedette.config.settings import StoreSettings
from vedette.model.account import AccountState
from vedette.model.ids import AccountId
from vedette.ownership.shard import InstanceId
from vedette.secret import Secret


def instance(name: str, folder: Path, url: str) -> Live:
    return Live(folder / name, store=StoreSettings(url=Secret(url), instance=InstanceId(name)))


async def test_a_change_at_one_instance_is_live_at_the_owner(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    """Registered, given another password and paused at the other one: the feed tells the owner."""
    url = postgres.url(database)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, other = instance("a", tmp_path, url), instance("b", tmp_path, url)
    await one.engine.start()
    try:
        await one.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
        await other.engine.start()
        names = [f"a{number}" for number in range(12)]
        for name in names:
            await one.register(name)
        await one.until(lambda: sorted([*one.watched, *other.watched]) == sorted(names), "all")
        await one.until(lambda: bool(other.watched), "some are the other one's")
        theirs = AccountId(other.watched[0])
        before = other.watcher(theirs)

        await one.desk.accounts.update(ADMIN, theirs, {"password": Secret("another")})
        await one.until(lambda: other.watcher(theirs) not in {None, before}, "a new watcher")
        assert one.watcher(theirs) is None

        await one.desk.orders.pause(ADMIN, theirs)
        await one.until(lambda: other.state(theirs) is AccountState.PAUSED, "a pause")
        assert one.health(theirs) is None
    finally:
        await other.engine.stop()
        await one.engine.stop()
