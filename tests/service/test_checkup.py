"""What the doctor asks beyond the way in: on a real server, with the state of a service beside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, pack
from vedette.app.doctor import Beside, diagnose
from vedette.config.settings import AccountSettings, EndpointSettings, GuardSettings, Settings
from vedette.errors import AuthError, RevokedError, SinkError
from vedette.model.account import Account, Credentials
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId
from vedette.outbox.signature import key
from vedette.secret import Secret
from vedette.service.doctor.checkup import HINTS, hint
from vedette.service.doctor.doctor import CheckOutcome, Finding
from vedette.sinks.webhook import WebhookSettings
from vedette.store.sqlite.place import DATABASE
from vedette.store.sqlite.reader import read_only
from vedette.telemetry.provider import PROVIDERS


async def asked(
    box: AccountSettings, scratch: Path, beside: Beside | None = None
) -> dict[str, Finding]:
    settings = Settings(state=scratch, accounts=(box,))
    return {each.check: each async for each in diagnose(settings, beside=beside)}


def mine(server: Dovecot, user: str) -> AccountSettings:
    return mailbox(user, port=server.tls_port, ca_file=server.ca_file)


@pytest.mark.server
async def test_notify_is_asked_for_where_it_is_offered(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """As the watch asks for it, for the folders that are not open."""
    found = await asked(mine(dovecot, user), tmp_path)

    assert found["NOTIFY"].outcome is CheckOutcome.OK
    assert "asked for 2 folders" in found["NOTIFY"].detail


@pytest.mark.server
async def test_the_last_day_is_held_against_the_ledger(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """An event that is gone from it is seen, and what to expect then is said."""
    box, state = mine(dovecot, user), tmp_path / "state"
    async with Watching(box, state=state) as watching:
        await watching.until_connected()
        tokens = [new_token() for _ in range(3)]
        watching.books.expect(tokens)
        await blocking(dovecot.deliver_many, user, [letter(token) for token in tokens])
        await watching.until_all_came()
    with read_only(state) as view:
        whole = (await asked(box, tmp_path, Beside(state=view)))["completeness"]
    with closing(sqlite3.connect(state / DATABASE)) as connection, connection:
        connection.execute(
            "UPDATE event SET id = 'x' WHERE id = ?", [watching.books.receipts[0].id]
        )
    with read_only(state) as view:
        holed = (await asked(box, tmp_path, Beside(state=view)))["completeness"]

    assert whole.outcome is CheckOutcome.OK
    assert whole.detail.startswith("each of 3 messages since ")
    assert holed.outcome is CheckOutcome.WARNING
    assert "INBOX: 1 of 3" in holed.detail
    assert "within a day" in holed.remedy


@pytest.mark.server
async def test_room_for_guards_is_looked_for_and_not_made(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The examination changes nothing in the mailbox."""
    guard = GuardSettings(pack=pack(), text="", base=tmp_path)
    found = await asked(mine(dovecot, user), tmp_path, Beside(guards=(guard,)))
    again = await asked(mine(dovecot, user), tmp_path, Beside(guards=(guard,)))
    others = replace(guard, accounts=(AccountId("another"),))
    elsewhere = await asked(mine(dovecot, user), tmp_path, Beside(guards=(others,)))

    assert found["quarantine"].detail == again["quarantine"].detail == f"not there: {QUARANTINE}"
    assert "makes it" in found["quarantine"].remedy
    assert "quarantine" not in elsewhere


@pytest.mark.server
async def test_endpoints_are_tried_with_a_signed_event_where_that_is_asked_for(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """One that takes it, one that refuses it, and one that is not there."""
    calls: list[str] = []

    async def take(request: web.Request) -> web.Response:
        calls.append(request.headers["webhook-signature"])
        assert (await request.json())["type"] == "endpoint.test"
        return web.Response(status=200 if request.path == "/good" else 403)

    app = web.Application()
    app.router.add_post("/{name}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]

    def endpoint(name: str, port: int) -> EndpointSettings:
        url = Secret(f"http://127.0.0.1:{port}/{name}")
        sink = WebhookSettings(url=url, keys=(key(Secret("whsec_" + "QUFB" * 8)),))
        return EndpointSettings(endpoint=Endpoint(id=EndpointId(name)), sink=sink, private=True)

    beside = Beside(endpoints=[endpoint("good", port), endpoint("bad", port), endpoint("gone", 9)])
    found = await asked(mine(dovecot, user), tmp_path, beside)
    await runner.cleanup()

    assert found["endpoint good"].outcome is CheckOutcome.OK
    assert found["endpoint bad"].outcome is CheckOutcome.FAILED
    assert "403" in found["endpoint bad"].detail
    assert isinstance(found["endpoint gone"].error, SinkError)
    assert [call.startswith("v1,") for call in calls] == [True, True]


async def test_a_grant_that_is_gone_ends_the_way_before_the_login(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """And no login is tried, which would count against the account."""

    class Revoked:
        async def token(
            self, account: Account, *, refused: Secret[str] | None = None
        ) -> Secret[str]:
            raise RevokedError(f"the consent of {account.id} was withdrawn")

    box = mine(dovecot, user)
    granted = replace(box.account, credentials=Credentials(user=user, grant="app-1"))
    settings = Settings(state=tmp_path, accounts=(replace(box, account=granted),))
    found = [each async for each in diagnose(settings, tokens=Revoked())]

    assert [each.check for each in found] == ["DNS", "TCP", "token"]
    assert isinstance(found[-1].error, RevokedError)
    assert "sign in at the provider" in found[-1].remedy


async def test_a_grant_without_anybody_who_gives_tokens_is_said_to_be_that(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is no wrong password."""
    box = mine(dovecot, user)
    granted = replace(box.account, credentials=Credentials(user=user, grant="app-1"))
    found = await asked(replace(box, account=granted), tmp_path)

    assert isinstance(found["token"].error, AuthError)


def test_a_hint_is_known_by_the_provider_of_the_host() -> None:
    """And only of providers that are known."""
    assert set(HINTS) <= set(PROVIDERS)
    assert "app password" in hint("imap.gmail.com")
    assert hint("imap.example.org") == ""
