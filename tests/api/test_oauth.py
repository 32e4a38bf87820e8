"""Apps, consents and grants through the API, at a real authorization server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest

from tests.conftest import running
from tests.identity.oauth.rig import Clock
from tests.support.api import Answer, Face
from tests.support.authorization import Authorization
from tests.support.memory_store import MemoryStore
from tests.support.person import Person, to_app
from tests.support.ports import free_port
from vedette.config.api import ApiSettings
from vedette.ports.records import Drop, Kind, Put

PORT = free_port()
OURS = f"http://127.0.0.1:{PORT}"
BACK = "https://app.example.org/mail"
SETTINGS = ApiSettings(rate=1e6, burst=1_000_000, public_url=OURS, return_to=(BACK,))


@pytest.fixture(scope="module")
def provider() -> Iterator[Authorization]:
    """Run an authorization server that sends browsers back to us."""
    yield from running(lambda: Authorization(f"{OURS}/v1/oauth/callback"))


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    """Return an API with two tenants; its time is the provider's."""
    clock = Clock()
    store = MemoryStore(clock)
    await store.start()
    made = Face(store, clock, settings=SETTINGS)
    for tenant in ("acme", "other"):
        assert (await made.ask("POST", "/v1/tenants", {"id": tenant})).status == 201
    yield made
    await made.transport.stop()
    await store.stop()


@pytest.fixture
async def app(face: Face, provider: Authorization) -> str:
    """Return the id of the app that the provider knows."""
    made = await face.ask("POST", "/v1/oauth/apps", app_of(provider))
    assert made.status == 201, made.body
    return str(made.json["id"])


def app_of(provider: Authorization) -> dict[str, Any]:
    return {
        "tenant": "acme",
        "title": "Example",
        "authorizeUrl": f"{provider.issuer}/auth",
        "tokenUrl": f"{provider.issuer}/token",
        "deviceUrl": f"{provider.issuer}/device/auth",
        "issuer": provider.issuer,
        "namesIssuer": True,
        "scopes": ["openid", "email", "offline_access"],
        "extra": {"prompt": "consent"},
        "clientId": "vedette",
        "clientSecret": "the-secret-of-vedette",
        "private": True,
    }


async def account(face: Face, app: str, user: str, tenant: str = "acme") -> str:
    """Register an account that nobody has consented for yet."""
    made = await face.ask(
        "POST",
        "/v1/accounts",
        {
            "tenant": tenant,
            "email": f"{user}@example.org",
            "user": user,
            "auth": "oauth2",
            "app": app,
            "host": "imap.example.org",
        },
    )
    assert made.status == 201, made.body
    return str(made.json["id"])


async def begun(face: Face, **wish: object) -> Answer:
    return await face.ask("POST", "/v1/oauth/authorize", wish)


async def consented(face: Face, provider: Authorization, url: str, user: str) -> tuple[Person, str]:
    """Open an address and consent; return the person, and where the provider sends them back to."""
    person = Person(to_app(face.app))
    going = await person.opens(url)
    assert (going.status, "set-cookie" in going.headers) == (303, True)
    assert going.onward is not None
    return person, await asyncio.to_thread(provider.back, going.onward, user)


async def test_an_app_is_shown_without_its_secret(face: Face, provider: Authorization) -> None:
    """Made, shown, listed, changed by its version and deleted; the secret is in no answer."""
    made = await face.ask("POST", "/v1/oauth/apps", app_of(provider))
    path = f"/v1/oauth/apps/{made.json['id']}"
    tag = (await face.ask("GET", path)).headers["etag"]
    seen = [
        made,
        await face.ask("GET", path),
        await face.ask("GET", "/v1/oauth/apps?tenant=acme"),
        await face.ask("PATCH", path, {"title": "Other"}, if_match=tag),
        await face.ask("PATCH", path, {"title": "Late"}, if_match=tag),
        await face.ask("PATCH", path, {"clientSecret": "new-secret"}),
        await face.ask("DELETE", path),
        await face.ask("GET", path),
    ]

    assert [each.status for each in seen] == [201, 200, 200, 200, 412, 422, 204, 404]
    assert seen[3].headers["etag"] != seen[1].headers["etag"] == tag
    assert seen[2].json["items"] == [seen[1].json]
    assert not [each for each in seen if b"secret-of" in each.body or b"new-secret" in each.body]


async def test_a_preset_needs_no_addresses(face: Face) -> None:
    """What a provider is known for is shown where nothing was set."""
    given = {"provider": "google", "clientId": "c", "clientSecret": "s", "title": "Mail"}

    made = await face.ask("POST", "/v1/oauth/apps", given)

    assert made.json["authorizeUrl"] == "https://accounts.google.com/o/oauth2/v2/auth"
    assert "https://mail.google.com/" in made.json["scopes"]


async def test_an_account_is_connected_in_a_browser(
    face: Face, provider: Authorization, app: str
) -> None:
    """The address leads to the provider at once, and the person is sent back to the host's page."""
    box = await account(face, app, "anna")
    begin = await begun(face, app=app, account=box, returnTo=BACK)
    assert (begin.status, begin.json["account"]) == (201, box)

    anna, back = await consented(face, provider, begin.json["url"], "anna")
    done = await anna.opens(back)

    assert (done.status, done.onward) == (303, f"{BACK}?account={box}&status=connected")
    shown = await face.ask("GET", f"/v1/oauth/grants/{box}")
    assert (shown.json["app"], shown.json["address"]) == (app, "anna@example.org")
    assert set(shown.json) == {
        "account", "app", "address", "scope", "consentedAt", "withdrawnAt", "withdrawn",
    }  # fmt: skip
    assert (await anna.opens(back)).status == 410
    assert (await anna.opens(begin.json["url"])).status == 410


async def test_an_account_is_not_connected_by_somebody_else(
    face: Face, provider: Authorization, app: str
) -> None:
    """Another mailbox's consent is told, and nothing is kept of it."""
    box = await account(face, app, "anna")
    begin = await begun(face, app=app, account=box)

    bob, back = await consented(face, provider, begin.json["url"], "bob")
    page = await bob.opens(back)

    assert page.status == 403
    assert "bob@example.org" in page.text
    assert (await face.ask("GET", f"/v1/oauth/grants/{box}")).status == 404


async def test_a_new_account_is_made_by_its_consent(
    face: Face, provider: Authorization, app: str
) -> None:
    """The address is the provider's, and what was said beforehand is on it."""
    new = {"host": "imap.example.org", "tags": ["new"]}
    begin = await begun(face, app=app, new=new, tenant="acme")
    box = begin.json["account"]
    assert (await face.ask("GET", f"/v1/accounts/{box}")).status == 404

    anna, back = await consented(face, provider, begin.json["url"], "anna")
    assert (await anna.opens(back)).status == 200

    made = (await face.ask("GET", f"/v1/accounts/{box}")).json
    assert (made["email"], made["tenant"], made["tags"]) == ("anna@example.org", "acme", ["new"])


async def test_an_address_to_begin_at_ends_after_ten_minutes(
    face: Face, provider: Authorization, app: str
) -> None:
    """And so does a consent that was begun."""
    box = await account(face, app, "anna")
    begin = await begun(face, app=app, account=box)
    anna, back = await consented(face, provider, begin.json["url"], "anna")

    assert isinstance(face.clock, Clock)
    face.clock.ahead += 601

    assert (await anna.opens(begin.json["url"])).status == 410
    assert (await anna.opens(back)).status == 410


async def test_a_browser_without_the_cookie_finishes_nothing(
    face: Face, provider: Authorization, app: str
) -> None:
    """Whoever has the whole answer of the provider, and not the session, has nothing."""
    box = await account(face, app, "anna")
    begin = await begun(face, app=app, account=box)
    anna, back = await consented(face, provider, begin.json["url"], "anna")

    assert (await Person(to_app(face.app)).opens(back)).status == 410
    assert (await anna.opens(back)).status == 200


async def test_another_tenants_app_and_account_are_not_there(face: Face, app: str) -> None:
    """For a key of another tenant, in the words for what nobody has."""
    box = await account(face, app, "anna")
    key = await face.key("oauth:*", "accounts:*", tenant="other")
    for wish in ({"app": app, "account": box}, {"app": app, "new": {}}):
        for path in ("authorize", "device"):
            answer = await face.ask("POST", f"/v1/oauth/{path}", wish, key=key)
            assert answer.status in {404, 422}, (path, wish)
    assert (await face.ask("GET", f"/v1/oauth/apps/{app}", key=key)).status == 404
    assert (await face.ask("GET", f"/v1/oauth/grants/{box}", key=key)).status == 404


async def test_a_device_connects_an_account(face: Face, provider: Authorization, app: str) -> None:
    """A code for a person, polls that wait, and the one that has the consent."""
    box = await account(face, app, "anna")
    shown = await face.ask("POST", "/v1/oauth/device", {"app": app, "account": box})
    assert shown.status == 201, shown.body
    path = f"/v1/oauth/device/{shown.json['id']}/poll"
    early = await face.ask("POST", path)
    assert early.json["state"] == "waiting"
    assert 0 < early.json["wait"] <= shown.json["wait"]

    await asyncio.to_thread(provider.approve, shown.json["fullUrl"], "anna")
    assert isinstance(face.clock, Clock)
    face.clock.ahead += shown.json["wait"]
    done = await face.ask("POST", path)

    assert done.json == {
        "state": "connected",
        "wait": 0.0,
        "account": box,
        "address": "anna@example.org",
    }
    assert (await face.ask("POST", path)).code == "unknown_state"
    assert (await face.ask("DELETE", f"/v1/oauth/grants/{box}")).status == 204
    assert (await face.ask("GET", f"/v1/oauth/grants/{box}")).status == 404


async def test_an_account_goes_with_its_grant_in_one_write(
    face: Face, provider: Authorization, app: str
) -> None:
    """No crash can leave the tokens of an account that is gone."""
    box = await account(face, app, "anna")
    begin = await begun(face, app=app, account=box)
    anna, back = await consented(face, provider, begin.json["url"], "anna")
    assert (await anna.opens(back)).status == 200
    write, seen = face.state.records.write, list[set[Kind]]()

    async def watched(changes: Sequence[Put | Drop], **more: Any) -> Any:
        seen.append({each.kind for each in changes if isinstance(each, Drop)})
        return await write(changes, **more)

    face.state.records.write = watched  # type: ignore[method-assign]
    assert (await face.ask("DELETE", f"/v1/accounts/{box}")).status == 204

    assert [each for each in seen if each] == [{Kind.ACCOUNT, Kind.GRANT}]
    assert await face.state.records.record(Kind.GRANT, box) is None


@pytest.mark.parametrize("query", ["", "?state=", "?state=x&code=y", "?code=1&code=2&state=x"])
async def test_an_answer_to_nothing_is_told_on_a_page(face: Face, query: str) -> None:
    """The callback needs no key, and whatever it is sent ends as a page that says what to do."""
    page = await Person(to_app(face.app)).opens(f"{OURS}/v1/oauth/callback{query}")

    assert page.status in {400, 410}
    assert page.headers["content-type"].startswith("text/html")


async def test_what_a_provider_adds_to_its_answer_is_no_mistake(
    face: Face, provider: Authorization, app: str
) -> None:
    """Google says scope and authuser, Microsoft session_state; a program's typing error is one."""
    box = await account(face, app, "anna")
    begin = await begun(face, app=app, account=box)
    anna, back = await consented(face, provider, begin.json["url"], "anna")

    assert (await anna.opens(f"{back}&authuser=0&session_state=s&prompt=consent")).status == 200
    assert (await face.ask("GET", "/v1/oauth/apps?tennant=acme")).status == 422
