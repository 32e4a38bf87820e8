"""The accounts of a host's table are watched: row by row, and by the consents that are given here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.app.live import ACME, Live
from tests.app.settings import account
from tests.support.office import ADMIN
from vedette.app.enrolled import registered
from vedette.identity.oauth.consent import Consent, ConsentBook, Pair
from vedette.model.account import AccountState, Credentials
from vedette.model.ids import AccountId
from vedette.ports.registration import Auth, Grant, Origin
from vedette.ports.source import Sourced
from vedette.secret import Secret

ANNA = AccountId("anna")


class Table:
    """A table of a host that a test writes."""

    name = "crm"

    def __init__(self, *found: Sourced) -> None:
        self.found: Sequence[Sourced] = found
        self._news = asyncio.Event()

    def write(self, *found: Sourced) -> None:
        self.found = found
        self._news.set()

    async def accounts(self) -> Sequence[Sourced]:
        return self.found

    async def changed(self) -> None:
        await self._news.wait()
        self._news.clear()


def row(id_: str, password: str | None = "pass", refused: str | None = None) -> Sourced:
    """Return an account as a table has it."""
    secrets = {} if password is None else {"password": Secret(password)}
    return Sourced(
        registration=registered(account(id_), Origin.TABLE), secrets=secrets, refused=refused
    )


async def test_a_table_of_a_host_is_followed_row_by_row(tmp_path: Path) -> None:
    """There at the start; a row that changes restarts one account, a bad one is an error."""
    anna, bert = row("anna"), row("bert")
    table = Table(anna, bert)
    live = Live(tmp_path, sources=[table])
    await live.engine.start()
    try:
        assert live.watched == ["anna", "bert"]
        before = live.watcher("anna")
        assert before is not None
        assert before.account.credentials == Credentials(user="anna", password=Secret("pass"))

        table.write(anna, row("bert", None, "the password of bert can not be decrypted"))
        await live.until(lambda: live.state("bert") is AccountState.ERROR, "an error")
        health = live.health("bert")
        assert health is not None
        assert health.reason == "the password of bert can not be decrypted"
        assert live.watcher("anna") is before

        table.write(row("carla"))
        await live.until_watched("carla")
        shown = live.engine.elsewhere.of(AccountId("carla"))
        assert shown is not None
        assert shown.account.credentials.password is None
    finally:
        await live.engine.stop()


async def test_another_consent_for_an_account_of_a_table_is_another_try(tmp_path: Path) -> None:
    """A consent given here is another set of credentials; its tokens renewed are not."""
    found = row("anna", None)
    grant = Grant(auth=Auth.OAUTH2, app="google")
    by_grant = replace(found, registration=replace(found.registration, grant=grant))
    live = Live(tmp_path, sources=[Table(by_grant, row("bert"))])
    await live.engine.start()
    await live.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
    book = ConsentBook(live.engine.store.records, live.desk.vault)

    async def consent(at: float, refresh: str) -> None:
        tenant = found.registration.account.tenant
        kept = await book.read(ANNA, tenant)
        given = Consent(
            account=ANNA,
            tenant=tenant,
            app="google",
            pair=Pair(refresh=Secret(refresh)),
            scope="mail",
            consented_at=at,
            version=0 if kept is None else kept.version,
        )
        assert await book.write(given, tokens=True, now=live.engine.clock.now()) is not None

    def granted() -> str | None:
        watcher = live.watcher("anna")
        return None if watcher is None else watcher.account.credentials.grant

    try:
        await live.until(lambda: granted() == "oauth2 google", "a watch without a consent")
        await consent(1.0, "first")
        await live.until(lambda: granted() == "oauth2 google 1.000", "another try")
        first = live.watcher("anna")
        await consent(1.0, "renewed")
        await live.register("carl")
        await live.until_watched("anna", "bert", "carl")
        assert live.watcher("anna") is first
        await consent(2.0, "second")
        await live.until(lambda: granted() == "oauth2 google 2.000", "and another one")
    finally:
        await live.engine.stop()
