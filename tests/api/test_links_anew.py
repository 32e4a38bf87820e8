"""Connect links for accounts that are there: their owners open them anew, and nothing else changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.api.linking import BACK, OURS, TERMS, acme, first, link, somebody
from tests.conftest import running
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.authorization import Authorization
from vedette.model.ids import AccountId
from vedette.ports.records import Kind, Put, RecordQuery
from vedette.ports.registration import Auth, Grant, Origin, Pause
from vedette.ports.source import Sourced
from vedette.service.accounts.accounts import blank
from vedette.service.accounts.registration import record_of, registration_of


@pytest.fixture(scope="module")
def provider() -> Iterator[Authorization]:
    """Run an authorization server that sends browsers back to us."""
    yield from running(lambda: Authorization(f"{OURS}/v1/oauth/callback"))


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    async with acme() as made:
        yield made


async def made(face: Face, **wish: object) -> str:
    """Register an account of anna; return its id."""
    given = {
        "tenant": "acme",
        "email": "anna@example.org",
        "user": "anna",
        "host": "imap.example.org",
        "password": "of-yesterday",
        "title": "Anna's",
        **wish,
    }
    answer = await face.ask("POST", "/v1/accounts", given)
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


async def parked(face: Face, account: str) -> None:
    """Have a login be refused for good."""
    record = await face.state.records.record(Kind.ACCOUNT, account)
    assert record is not None
    refused = replace(registration_of(record), pause=Pause.AUTH_FAILURE, paused_at=1.0)
    put = Put(record=record_of(refused, over=record), expected=record.version)
    assert (await face.state.records.write([put], now=1.0)).refusal is None


async def account_of(face: Face, id_: str) -> dict[str, Any]:
    found = await face.ask("GET", f"/v1/accounts/{id_}")
    assert found.status == 200
    return cast("dict[str, Any]", found.json)


async def app_at(face: Face, provider: Authorization) -> str:
    cast("StillClock", face.clock).time = time.time()
    answer = await face.ask(
        "POST",
        "/v1/oauth/apps",
        {
            "tenant": "acme",
            "title": "Example",
            "authorizeUrl": f"{provider.issuer}/auth",
            "tokenUrl": f"{provider.issuer}/token",
            "revokeUrl": f"{provider.issuer}/token/revocation",
            "issuer": provider.issuer,
            "scopes": ["openid", "email", "offline_access"],
            "extra": {"prompt": "consent"},
            "clientId": "vedette",
            "clientSecret": "the-secret-of-vedette",
            "private": True,
        },
    )
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


async def test_another_password_ends_the_refusal(face: Face) -> None:
    """Nobody is asked for the address; it is tried where the account is, which stays what it was."""
    box = await made(face)
    await parked(face, box)
    before = await account_of(face, box)
    assert before["status"]["state"] == "auth_failed"
    sent = await link(face, existing=box, consent=TERMS, returnTo=BACK)
    assert (sent["account"], sent["password"], sent["providers"]) == (box, True, [])
    anna = somebody(face)

    page = await anna.opens(sent["url"])
    assert "anna@example.org is to be connected" in page.text
    choice = await anna.sends(sent["url"], await first(anna, sent["url"]), email="x@example.org")
    done = await anna.sends(sent["url"], choice.form("Connect"), password="of-today", host="evil")

    assert done.onward == f"{BACK}?account={box}&status=connected"
    [(tried, target)] = face.doctor.asked
    assert tried.credentials.password is not None
    assert tried.credentials.password.reveal() == "of-today"
    assert (tried.id, tried.email, target.host) == (box, "anna@example.org", "imap.example.org")
    after = await account_of(face, box)
    assert after["status"]["state"] != "auth_failed"
    changed = {name for name, value in after.items() if value != before[name]}
    assert changed == {"status", "updatedAt", "pause", "pausedAt"}
    record = await face.state.records.record(Kind.ACCOUNT, box)
    assert record is not None
    assert registration_of(record).pause is None
    consent = (await face.ask("GET", f"/v1/consents/{box}")).json
    assert (consent["given"], consent["by"]) == ("2026-11", "anna@example.org")
    assert (await anna.sends(sent["url"], choice.form("Connect"), password="again")).status == 410


async def test_a_password_that_is_refused_changes_nothing(face: Face) -> None:
    """The account stays parked, and the link is good for another try."""
    box = await made(face)
    await parked(face, box)
    sent = await link(face, existing=box)
    anna = somebody(face)
    form = await first(anna, sent["url"])
    good = face.doctor.findings
    face.doctor.findings = []

    assert (await anna.sends(sent["url"], form, password="wrong")).status == 422
    assert (await account_of(face, box))["status"]["state"] == "auth_failed"

    face.doctor.findings = good
    assert (await anna.sends(sent["url"], form, password="right")).status == 200


async def test_a_consent_that_was_withdrawn_is_given_anew(
    face: Face, provider: Authorization
) -> None:
    """By the app that the account has, of its own mailbox alone; id and history stay."""
    app = await app_at(face, provider)
    box = await made(face, password=None, auth="oauth2", app=app)
    await parked(face, box)
    before = await account_of(face, box)
    sent = await link(face, existing=box)
    assert (sent["password"], sent["providers"]) == (False, [app])
    anna = somebody(face)
    form = {**(await first(anna, sent["url"])), "app": app}

    for user, status in (("mallory", 403), ("anna", 200)):
        going = await anna.sends(sent["url"], form)
        assert going.onward is not None
        back = await asyncio.to_thread(provider.back, going.onward, user)
        assert (await anna.opens(back)).status == status
        parked_still = (await account_of(face, box))["status"]["state"] == "auth_failed"
        assert parked_still == (status == 403)

    after = await account_of(face, box)
    changed = {name for name, value in after.items() if value != before[name]}
    assert changed == {"status", "updatedAt", "pause", "pausedAt"}
    grant = await face.ask("GET", f"/v1/oauth/grants/{box}")
    assert grant.json["address"] == "anna@example.org"
    assert (await anna.opens(sent["url"])).status == 410


async def test_a_password_in_the_place_of_a_consent_ends_that(
    face: Face, provider: Authorization
) -> None:
    """The consent is forgotten, and its provider is to be told."""
    app = await app_at(face, provider)
    box = await made(face, password=None, auth="oauth2", app=app)
    begin = await face.ask("POST", "/v1/oauth/authorize", {"app": app, "account": box})
    anna = somebody(face)
    going = await anna.opens(begin.json["url"])
    assert going.onward is not None
    back = await asyncio.to_thread(provider.back, going.onward, "anna")
    assert (await anna.opens(back)).status == 200

    sent = await link(face, existing=box, password=True)
    form = await first(anna, sent["url"])
    assert (await anna.sends(sent["url"], form, password="of-today")).status == 200

    assert (await account_of(face, box))["auth"] == "password"
    assert (await face.ask("GET", f"/v1/oauth/grants/{box}")).status == 404
    assert len(await face.state.records.records(RecordQuery(kind=Kind.REVOCATION))) == 1


async def test_a_link_of_an_account_that_went_is_no_link(face: Face) -> None:
    """Nor where another mailbox has taken its id, or its address was changed."""
    box = await made(face, id="box")
    sent = await link(face, existing=box)
    anna = somebody(face)
    await face.ask("DELETE", f"/v1/accounts/{box}")
    assert (await anna.opens(sent["url"])).status == 410
    await made(face, id="box", email="bert@example.org")
    assert (await anna.opens(sent["url"])).status == 410

    sent = await link(face, existing=box)
    await face.ask("PATCH", f"/v1/accounts/{box}", {"email": "carl@example.org"})
    assert (await anna.opens(sent["url"])).status == 410


async def test_a_tenant_has_links_for_its_own_accounts_alone(face: Face) -> None:
    """Another's is as unknown as one that nobody has."""
    box = await made(face)
    assert (await face.ask("POST", "/v1/tenants", {"id": "other"})).status == 201
    key = await face.key("accounts:*", tenant="other")

    foreign = await face.ask("POST", "/v1/links", {"existing": box}, key=key)
    missing = await face.ask("POST", "/v1/links", {"existing": "x" * len(box)}, key=key)
    named = await face.ask("POST", "/v1/links", {"existing": box, "tenant": "other"})

    assert [each.status for each in (foreign, missing, named)] == [404, 404, 404]
    assert foreign.json["detail"].replace(box, "") == missing.json["detail"].replace(
        "x" * len(box), ""
    )
    own = await face.key("accounts:*", tenant="acme")
    assert (await face.ask("POST", "/v1/links", {"existing": box}, key=own)).status == 201


async def test_what_a_link_for_an_account_is_not_for_is_refused(
    face: Face, provider: Authorization
) -> None:
    """What the account is, a token of the host's command, a password of a table, a day and more."""
    box = await made(face)
    command = await made(
        face, email="b@example.org", auth="token_command", tokenCommand=["x"], password=None
    )
    app = await app_at(face, provider)
    found = blank(AccountId("of-a-table"), face.tenant("acme"))
    found = replace(found, account=replace(found.account, email="t@example.org"))
    by_app = replace(found, origin=Origin.TABLE, grant=Grant(auth=Auth.OAUTH2, app=app))
    face.elsewhere.keep("crm", [Sourced(registration=by_app)])
    limited = await face.key("accounts:*", tenant="acme")

    async def refused(key: str = "root", **wish: object) -> tuple[int, str | None]:
        answer = await face.ask("POST", "/v1/links", wish, key=key)
        return answer.status, answer.code

    assert await refused(existing=box, account={"host": "evil.example"}) == (422, "invalid")
    assert await refused(existing=box, expiresIn=86_401) == (422, "invalid")
    assert await refused(existing=box, password=False) == (422, "invalid")
    assert await refused(existing=command) == (409, "conflict")
    assert await refused(existing="of-a-table", password=True) == (403, "read_only")
    assert await refused(existing=box, providers=[app], key=limited) == (403, "forbidden")
    made_for_table = await link(face, existing="of-a-table")
    assert (made_for_table["providers"], made_for_table["password"]) == ([app], False)
