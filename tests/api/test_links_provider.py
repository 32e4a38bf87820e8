"""Connect links that lead to a provider: a real authorization server, tabs, replays, other people."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest

from tests.api.linking import (
    BACK,
    OURS,
    SERVER,
    TERMS,
    accounts,
    acme,
    first,
    kept_safe,
    link,
    somebody,
)
from tests.conftest import running
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.authorization import Authorization
from vedette.ports.records import Kind


@pytest.fixture(scope="module")
def provider() -> Iterator[Authorization]:
    """Run an authorization server that sends browsers back to us."""
    yield from running(lambda: Authorization(f"{OURS}/v1/oauth/callback"))


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    async with acme() as made:
        yield made


async def app_at(face: Face, provider: Authorization, **wish: object) -> str:
    """Register the app that the provider knows."""
    cast("StillClock", face.clock).time = time.time()
    made = await face.ask(
        "POST",
        "/v1/oauth/apps",
        {
            "tenant": "acme",
            "title": "Example",
            "authorizeUrl": f"{provider.issuer}/auth",
            "tokenUrl": f"{provider.issuer}/token",
            "issuer": provider.issuer,
            "namesIssuer": True,
            "scopes": ["openid", "email", "offline_access"],
            "extra": {"prompt": "consent"},
            "clientId": "vedette",
            "clientSecret": "the-secret-of-vedette",
            "private": True,
            **wish,
        },
    )
    assert made.status == 201, made.body
    return str(made.json["id"])


async def test_a_provider_connects_the_mailbox(face: Face, provider: Authorization) -> None:
    """Link, words, provider, callback: the account is there with its grant, and the person back."""
    app = await app_at(face, provider)
    made = await link(face, consent=TERMS, providers=[app], account=SERVER, returnTo=BACK)
    anna = somebody(face)
    choice = await anna.sends(made["url"], await first(anna, made["url"]), email="anna@example.org")

    going = await anna.sends(made["url"], choice.form("Continue with Example"))
    assert going.onward is not None
    assert going.onward.startswith(provider.issuer)
    kept_safe(going)
    back = await asyncio.to_thread(provider.back, going.onward, "anna")
    done = await anna.opens(back)

    assert (done.status, done.onward) == (
        303,
        f"{BACK}?account={made['account']}&status=connected",
    )
    [account] = await accounts(face)
    assert (account["id"], account["email"]) == (made["account"], "anna@example.org")
    assert (account["auth"], account["app"], account["host"]) == (
        "oauth2",
        app,
        "imap.example.org",
    )
    grant = await face.ask("GET", f"/v1/oauth/grants/{made['account']}")
    assert grant.json["address"] == "anna@example.org"
    assert (await face.ask("GET", f"/v1/consents/{made['account']}")).json["isAgreed"] is True
    record = await face.state.records.record(Kind.GRANT, made["account"])
    assert record is not None
    assert record.expires_at is None
    for replayed in (await anna.opens(back), await anna.opens(made["url"])):
        assert replayed.status == 410
        kept_safe(replayed)


async def test_two_tabs_at_a_provider_make_one_account(face: Face, provider: Authorization) -> None:
    """Both consented, one of them even as somebody else: the first is taken whole, the other not."""
    app = await app_at(face, provider)
    made = await link(face, providers=[app], account=SERVER, password=False)
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "app": app, "email": "anna@example.org"}
    backs = []
    for user in ("anna", "bob"):
        going = await anna.sends(made["url"], form)
        assert going.onward is not None
        backs.append(await asyncio.to_thread(provider.back, going.onward, user))

    pages = await asyncio.gather(*(anna.opens(each) for each in backs))

    assert sorted(each.status for each in pages) == [200, 410]
    [account] = await accounts(face)
    grant = await face.ask("GET", f"/v1/oauth/grants/{account['id']}")
    assert grant.json["address"] == account["email"]


async def test_what_another_browser_brings_back_is_not_taken(
    face: Face, provider: Authorization
) -> None:
    """A code that a victim is made to bring has no session there; its owner can go on."""
    app = await app_at(face, provider)
    made = await link(face, providers=[app], account=SERVER)
    anna, victim = somebody(face), somebody(face)
    form = {**(await first(anna, made["url"])), "app": app}
    going = await anna.sends(made["url"], form, email="anna@example.org")
    assert going.onward is not None
    back = await asyncio.to_thread(provider.back, going.onward, "anna")
    await first(victim, made["url"])

    assert (await victim.opens(back)).status == 410
    assert await accounts(face) == []
    assert (await anna.opens(back)).status == 200


async def test_a_consent_for_another_mailbox_keeps_nothing(
    face: Face, provider: Authorization
) -> None:
    """A link for one mailbox takes no other; no token is left, and the link is good still."""
    app = await app_at(face, provider)
    made = await link(face, providers=[app], account={**SERVER, "email": "anna@example.org"})
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "app": app}
    going = await anna.sends(made["url"], form)
    assert going.onward is not None
    back = await asyncio.to_thread(provider.back, going.onward, "mallory")

    page = await anna.opens(back)

    assert page.status == 403
    assert "mallory@example.org" in page.text
    assert await accounts(face) == []
    assert (await face.ask("GET", f"/v1/oauth/grants/{made['account']}")).status == 404
    assert (await anna.opens(made["url"])).status == 200


async def test_who_says_no_at_the_provider_is_told_so(face: Face, provider: Authorization) -> None:
    """The provider's word is shown, and the person may begin again."""
    app = await app_at(face, provider)
    made = await link(face, providers=[app], account=SERVER)
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "app": app, "email": "anna@example.org"}
    going = await anna.sends(made["url"], form)
    assert going.onward is not None
    state = re.search(r"state=([\w-]+)", going.onward)
    assert state is not None

    page = await anna.opens(
        f"{OURS}/v1/oauth/callback?state={state[1]}&error=access_denied&iss={provider.issuer}"
    )

    assert page.status == 403
    assert "access_denied" in page.text
    assert (await anna.sends(made["url"], form)).status == 200
