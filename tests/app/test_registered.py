"""What is registered is watched: within a second, by itself, and nothing else is touched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.app.live import ACME, Live
from tests.app.settings import account, service
from tests.support.office import ADMIN
from tests.support.trust import text as guard_text
from vedette.app.clock import uptime
from vedette.errors import StoreError
from vedette.model.account import AccountState
from vedette.model.ids import AccountId, EndpointId
from vedette.ports.records import Kind, Put, Records, Touched
from vedette.ports.registration import Auth
from vedette.secret import Secret

ANNA, BERT = AccountId("anna"), AccountId("bert")


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """Run an engine with an account of the file, ``file``, and the tenant acme."""
    made = Live(tmp_path, ["file"])
    await made.engine.start()
    await made.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
    yield made
    await made.engine.stop()


async def test_accounts_come_change_and_go_while_the_others_are_left_alone(live: Live) -> None:
    """Registered, given another password, deleted: one watcher each time, and no other."""
    await live.register("anna")
    await live.register("bert")
    await live.until_watched("file", "anna", "bert")
    before = {id_: live.watcher(id_) for id_ in ("file", "anna", "bert")}

    await live.desk.accounts.update(ADMIN, ANNA, {"password": Secret("another")})
    await live.until(lambda: live.watcher("anna") is not before["anna"], "a new watcher")
    watcher = live.watcher("anna")
    assert watcher is not None
    assert watcher.account.credentials.password == Secret("another")

    await live.desk.accounts.delete(ADMIN, ANNA)
    await live.until_watched("file", "bert")
    assert live.watcher("file") is before["file"]
    assert live.watcher("bert") is before["bert"]


async def test_a_title_restarts_nobody(live: Live) -> None:
    """What the engine has no use for is no reason to log in anew."""
    await live.register("anna")
    await live.until_watched("file", "anna")
    before = live.watcher("anna")

    await live.desk.accounts.update(ADMIN, ANNA, {"title": "Support"})
    await live.register("bert")
    await live.until_watched("file", "anna", "bert")

    assert live.watcher("anna") is before


async def test_a_pause_and_its_end_go_live(live: Live) -> None:
    """With the reason in words, and without a watcher meanwhile."""
    await live.register("anna")
    await live.until_watched("file", "anna")

    await live.desk.orders.pause(ADMIN, ANNA)
    await live.until(lambda: live.state("anna") is AccountState.PAUSED, "a pause")
    health = live.health("anna")
    assert live.watcher("anna") is None
    assert health is not None
    assert health.reason == "it was paused by hand; resume it"

    await live.desk.orders.resume(ADMIN, ANNA)
    await live.until(lambda: live.watcher("anna") is not None, "a watcher")
    assert live.state("anna") is not AccountState.PAUSED


async def test_a_wish_to_reconnect_reaches_the_engine(live: Live) -> None:
    """Another watcher, with the serial of the wish."""
    await live.register("anna")
    await live.until_watched("file", "anna")
    before = live.watcher("anna")

    await live.desk.orders.reconnect(ADMIN, ANNA)
    await live.until(lambda: live.watcher("anna") not in {None, before}, "a new watcher")

    watcher = live.watcher("anna")
    assert watcher is not None
    assert watcher.account.demand.reconnect == 1


async def test_a_paused_tenant_pauses_its_accounts_and_no_others(live: Live) -> None:
    """Those that come afterwards, too; and all are back when it is resumed."""
    await live.register("anna")
    await live.until_watched("file", "anna")

    await live.desk.tenants.pause(ADMIN, ACME, reason="unpaid")
    await live.until(lambda: live.state("anna") is AccountState.PAUSED, "a pause")
    await live.register("bert")
    await live.until(lambda: live.state("bert") is AccountState.PAUSED, "a pause of the new one")
    assert live.watcher("file") is not None

    await live.desk.tenants.resume(ADMIN, ACME)
    await live.until(lambda: live.watcher("bert") is not None, "bert is watched")
    assert live.watcher("anna") is not None


async def test_a_secret_that_can_not_be_opened_is_the_trouble_of_one_account(live: Live) -> None:
    """Its state says so in one line; nobody logs in without a password, and the others go on."""
    await live.register("anna")
    await live.until_watched("file", "anna")
    records = live.engine.store.records
    [sealed] = await records.secrets(Kind.ACCOUNT, [ANNA])
    await records.reseal(sealed, b"garbage")

    await live.desk.orders.reconnect(ADMIN, ANNA)
    await live.register("bert")
    await live.until_watched("file", "anna", "bert")

    health = live.health("anna")
    assert health is not None
    assert health.state is AccountState.ERROR
    assert health.reason
    assert "\n" not in health.reason
    assert live.watcher("anna") is None
    assert live.watcher("bert") is not None


async def test_an_account_without_a_password_is_an_error_and_no_login(live: Live) -> None:
    """Its secret was taken away: nobody logs in with an empty one."""
    await live.register("anna")
    await live.until_watched("file", "anna")
    records = live.engine.store.records
    record = await records.record(Kind.ACCOUNT, ANNA)
    assert record is not None

    bare = Put(record=record, expected=record.version, secrets={"password": None})
    await records.write([bare], now=live.engine.clock.now())

    await live.until(lambda: live.state("anna") is AccountState.ERROR, "an error")
    health = live.health("anna")
    assert health is not None
    assert health.reason == "no password or token is set for anna@example.org"


async def test_all_of_it_is_there_after_a_restart(live: Live, tmp_path: Path) -> None:
    """Read in pages at the start, with its pauses."""
    for number in range(5):
        await live.register(f"a{number}")
    await live.desk.orders.pause(ADMIN, AccountId("a3"))
    await live.until(lambda: live.state("a3") is AccountState.PAUSED, "a pause")
    await live.engine.stop()

    again = Live(tmp_path, ["file"])
    await again.engine.start()
    try:
        assert again.watched == ["a0", "a1", "a2", "a3", "a4", "file"]
        assert again.state("a3") is AccountState.PAUSED
        assert again.watcher("a3") is None
    finally:
        await again.engine.stop()


async def test_the_file_stands_over_what_is_registered(live: Live, tmp_path: Path) -> None:
    """Of one id the file's counts, which is said once; without it the other one is watched."""
    await live.register("anna")
    await live.until_watched("file", "anna")
    both = replace(service(tmp_path), accounts=(account("file"), account("anna", "the file's")))

    with capture_logs() as logs:
        await live.engine.apply(both)
        await live.engine.apply(both)
    watcher = live.watcher("anna")
    assert watcher is not None
    assert watcher.account.credentials.password == Secret("the file's")
    twice = [line for line in logs if line["event"] == "registered.twice"]
    assert [(line["id"], line["counts"], line["ignored"]) for line in twice] == [
        ("anna", "file", "api")
    ]

    await live.engine.apply(service(tmp_path, ["file"]))
    watcher = live.watcher("anna")
    assert watcher is not None
    assert watcher.account.credentials.password == Secret("hunter2")


async def test_endpoints_go_live_and_get_what_is_their_tenants(live: Live) -> None:
    """Made, changed and deleted; whatever its record says, it takes its own events alone."""
    form = {"type": "webhook", "url": Secret("https://example.org/hook")}
    made, _ = await live.desk.endpoints.create(ADMIN, form, tenant=ACME)
    there = EndpointId(made.id)
    await live.until(lambda: there in live.engine.courier._lanes, "a lane")
    [endpoint] = [each for each in live.engine.endpoints() if each.id == there]
    assert endpoint.selection.tenants == (ACME,)

    await live.desk.endpoints.delete(ADMIN, made.id)
    await live.until(lambda: there not in live.engine.courier._lanes, "no lane")
    assert not live.engine.endpoints()


async def test_guards_go_live_at_the_accounts_of_their_tenant(live: Live) -> None:
    """Posted without a restart of anything, and taken away again."""
    await live.register("anna")
    await live.until_watched("file", "anna")
    before = live.watcher("anna")

    await live.desk.guards.create(ADMIN, {"pack": "newsletter"}, id_="acme-news", tenant=ACME)
    await live.until(lambda: "acme-news" in live.engine.guards.names, "a guard")
    [post] = live.engine.guards._posts
    assert post.tenants == (ACME,)
    await live.desk.guards.delete(ADMIN, "acme-news")
    await live.until(lambda: not live.engine.guards.names, "no guard")

    assert live.watcher("anna") is before


async def test_mail_is_read_with_a_consent_to_these_words_alone(live: Live) -> None:
    """Missing, given, and missing again when the words change; the account stays assigned."""
    await live.register("anna", consent="1")
    await live.until_watched("file", "anna")

    def is_unread() -> bool | None:
        watcher = live.watcher("anna")
        return None if watcher is None else watcher.is_unread

    assert is_unread() is True
    await live.desk.agreements.give(ADMIN, [ANNA], version="1")
    await live.until(lambda: is_unread() is False, "it is read")
    await live.desk.accounts.update(ADMIN, ANNA, {"consent": "2"})
    await live.until(lambda: is_unread() is True, "it is not read")
    await live.desk.agreements.give(ADMIN, [ANNA], version="2")
    await live.until(lambda: is_unread() is False, "it is read again")
    await live.desk.agreements.withdraw(ADMIN, ANNA)
    await live.until(lambda: is_unread() is True, "it is not read any more")


async def test_a_store_that_fails_is_asked_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what was written meanwhile is skipped."""
    records = type(live.engine.store.records)
    ask, failures = records.touched, [StoreError("the disk is away")] * 2

    async def touched(self: Records, after: int, *, limit: int = 1000) -> list[Touched]:
        if failures:
            raise failures.pop()
        return await ask(self, after, limit=limit)

    monkeypatch.setattr(records, "touched", touched)
    await live.register("anna")
    await live.until_watched("file", "anna")
    assert failures == []


async def test_what_went_while_nobody_heard_of_it_is_let_go(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After more than a day without the database, when it tells no more what was deleted meanwhile."""
    await live.register("anna")
    await live.register("bert")
    await live.until_watched("file", "anna", "bert")
    records = live.engine.store.records
    ask, is_away = type(records).touched, True

    async def touched(self: Records, after: int, *, limit: int = 1000) -> list[Touched]:
        if is_away:
            raise StoreError("the database is away")
        return await ask(self, after, limit=limit)

    monkeypatch.setattr(type(records), "touched", touched)
    await live.desk.accounts.delete(ADMIN, ANNA)
    two_days_on = live.engine.clock.now() + 2 * 86_400
    assert await records.expire(two_days_on, limit=1000) > 0
    later = uptime() + 2 * 86_400
    monkeypatch.setattr("vedette.app.registered.uptime", lambda: later)
    is_away = False

    await live.until_watched("file", "bert")


async def test_whoever_gets_tokens_learns_what_an_account_has(live: Live) -> None:
    """The grant and its secrets, without a password of any kind in the engine."""
    await live.register("anna", auth="token_url", tokenUrl="https://id.example.org/t", password=...)
    await live.until_watched("file", "anna")
    watcher = live.watcher("anna")
    assert watcher is not None
    assert watcher.account.credentials.grant == "token_url https://id.example.org/t"

    supply = await live.engine.registered.supply(watcher.account)

    assert supply is not None
    assert supply.grant.auth is Auth.TOKEN_URL
    assert await live.engine.registered.supply(account("file").account) is None


async def test_a_guard_that_is_held_has_its_say_on_what_is_registered(live: Live) -> None:
    """Another password is live at once; a pause, which would end the guard there, waits."""
    await live.register("anna")
    await live.until_watched("file", "anna")
    pack = guard_text().replace("guard: parlour", "guard: acme-held")
    await live.desk.guards.create(
        ADMIN, {"text": pack, "mode": "act"}, id_="acme-held", tenant=ACME
    )
    await live.until(lambda: "acme-held" in live.engine.guards.names, "a guard")
    before = live.watcher("anna")

    await live.desk.accounts.update(ADMIN, ANNA, {"password": Secret("another")})
    await live.until(lambda: live.watcher("anna") is not before, "a new watcher")
    before = live.watcher("anna")
    await live.desk.orders.pause(ADMIN, ANNA)
    await live.register("bert")
    await live.until_watched("file", "anna", "bert")

    assert live.watcher("anna") is before
    assert [change.loosening.account for change in await live.engine.store.changes()] == ["anna"]
