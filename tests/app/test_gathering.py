"""What is made of records: as much as is the same of thousands of accounts is there once."""

from __future__ import annotations

from pathlib import Path

from tests.app.live import ACME, Live
from tests.support.office import ADMIN
from vedette.model.ids import AccountId
from vedette.secret import Secret


async def test_accounts_of_one_server_share_what_is_said_of_it(tmp_path: Path) -> None:
    """Of twenty thousand that is a sixth of their memory; one with a proxy of its own has its own."""
    live = Live(tmp_path)
    await live.engine.start()
    try:
        await live.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
        for id_ in ("anna", "bert"):
            await live.register(id_)
        await live.register("carl", port=1)
        for id_ in ("dora", "emil"):
            proxy = {"proxy": "socks5://proxy.example.org", "proxyPassword": Secret(id_)}
            await live.register(id_, **proxy)
        await live.until_watched("anna", "bert", "carl", "dora", "emil")

        known = {id_: live.engine.registered.account(AccountId(id_)) for id_ in live.watched}
        targets = {id_: each.target for id_, each in known.items() if each is not None}
    finally:
        await live.engine.stop()

    assert targets["anna"] is targets["bert"]
    assert targets["carl"].port == 1
    secrets = [targets[id_].proxy for id_ in ("dora", "emil")]
    assert [each.password for each in secrets if each is not None] == [
        Secret("dora"),
        Secret("emil"),
    ]
