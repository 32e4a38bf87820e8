"""Connect links by their pages: words to agree to, an address, a password or a real provider."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from typing import Any, cast

import pytest

from tests.api.conftest import NOW
from tests.conftest import absent
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.authorization import Authorization
from tests.support.debian import UnavailableError
from tests.support.memory_store import MemoryStore
from tests.support.person import Page, Person, to_app
from tests.support.ports import free_port
from vedette.api.screens import PAGE
from vedette.api.visitor import TRIES_BURST
from vedette.config.api import ApiSettings
from vedette.errors import AuthError
from vedette.ports.records import Kind, RecordQuery
from vedette.service.doctor import Finding, Outcome

BACK = "https://app.example.org/mail"
PORT = free_port()
OURS = f"http://127.0.0.1:{PORT}"
SETTINGS = ApiSettings(
    rate=1e6, burst=1_000_000, public_url=OURS, return_to=("https://app.example.org/mail",)
)
TERMS = {"version": "2026-11", "text": "We read your mail.\nYou may end it."}
SERVER = {"host": "imap.example.org", "port": 993, "encryption": "tls"}

#: Texts that would be more than text, were they not escaped.
XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)' autofocus='",
    "</title></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt;{{7*7}}${7*7}",
)


#: All that our pages are made of.
TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "p",
        "div",
        "form",
        "label",
        "input",
        "select",
        "option",
        "button",
        "details",
        "summary",
        "a",
    ]
)
ATTRIBUTES = frozenset(
    [
        "lang",
        "charset",
        "name",
        "content",
        "http-equiv",
        "class",
        "role",
        "tabindex",
        "method",
        "type",
        "value",
        "for",
        "id",
        "autocomplete",
        "required",
        "selected",
        "open",
        "href",
        "rel",
    ]
)


class Seen(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        for name, value in attrs:
            assert name != "href" or (value or "").startswith(("https://", "http://"))


@pytest.fixture(scope="module")
def provider() -> Iterator[Authorization]:
    """Run an authorization server that sends browsers back to us."""
    try:
        server = Authorization(f"{OURS}/v1/oauth/callback")
    except UnavailableError as reason:
        absent(reason)
    with server:
        yield server


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    """Return an API with a tenant, by the true time: the provider's id tokens have it too."""
    clock = StillClock(NOW)
    store = MemoryStore(clock)
    await store.start()
    made = Face(store, clock, settings=SETTINGS)
    assert (await made.ask("POST", "/v1/tenants", {"id": "acme"})).status == 201
    yield made
    await made.transport.stop()
    await store.stop()


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


async def link(face: Face, **wish: object) -> dict[str, Any]:
    made = await face.ask("POST", "/v1/links", {"tenant": "acme", **wish})
    assert made.status == 201, made.body
    found: dict[str, Any] = made.json
    return found


def somebody(face: Face) -> Person:
    return Person(to_app(face.app))


async def accounts(face: Face) -> list[dict[str, Any]]:
    found = await face.ask("GET", "/v1/accounts")
    items: list[dict[str, Any]] = found.json["items"]
    return items


async def first(person: Person, url: str) -> dict[str, str]:
    """Open a link and agree to whatever it asks for; return the form of its first page."""
    page = await person.opens(url)
    assert page.status == 200, page.text
    form = page.form("Go on")
    ticked = re.search(r'name="agree" value="([^"]*)"', page.text)
    return form | ({"agree": ticked[1]} if ticked else {})


def kept_safe(page: Page) -> None:
    """Assert that a page runs nothing, and is shown in no frame."""
    assert page.headers["content-security-policy"] == PAGE
    assert "frame-ancestors 'none'" in PAGE
    assert "script" not in PAGE
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    seen = Seen()
    seen.feed(page.text)
    assert seen.tags <= TAGS
    assert seen.attributes <= ATTRIBUTES


async def test_a_password_that_logs_in_makes_the_account(face: Face) -> None:
    """Words, an address, a password that is tried: the account is the link's tenant's, and agreed."""
    made = await link(face, consent=TERMS, account={**SERVER, "tags": ["l"]}, returnTo=BACK)
    anna = somebody(face)

    page = await anna.opens(made["url"])
    kept_safe(page)
    assert "We read your mail.\nYou may end it." in page.text
    choice = await anna.sends(made["url"], await first(anna, made["url"]), email="anna@example.org")
    kept_safe(choice)
    done = await anna.sends(made["url"], choice.form("Connect"), password="secret")

    kept_safe(done)
    assert done.onward == f"{BACK}?account={made['account']}&status=connected"
    [account] = await accounts(face)
    assert account["id"] == made["account"]
    assert (account["tenant"], account["email"], account["tags"]) == (
        "acme",
        "anna@example.org",
        ["l"],
    )
    [(tried, target)] = face.doctor.asked
    assert tried.credentials.password is not None
    assert tried.credentials.password.reveal() == "secret"
    assert target.host == "imap.example.org"
    consent = (await face.ask("GET", f"/v1/consents/{made['account']}")).json
    assert (consent["given"], consent["by"], consent["isAgreed"]) == (
        "2026-11",
        "anna@example.org",
        True,
    )


async def test_a_login_that_fails_says_why_and_keeps_nothing(face: Face) -> None:
    """The server's own words are shown, escaped; the password is not, and the link is good still."""
    said = 'b NO [AUTHENTICATIONFAILED] <b>"Bad" & sad</b>'
    face.doctor.findings = [
        Finding(
            check="login",
            outcome=Outcome.FAILED,
            seconds=0.1,
            detail=said,
            remedy="make an app password",
            error=AuthError(said),
        )
    ]
    made = await link(face, account={**SERVER, "email": "anna@example.org"})
    anna = somebody(face)
    choice = await anna.sends(made["url"], await first(anna, made["url"]))

    page = await anna.sends(made["url"], choice.form("Connect"), password="planted-secret")

    assert page.status == 422
    assert "&lt;b&gt;&quot;Bad&quot; &amp; sad&lt;/b&gt;" in page.text
    assert "Make an app password" in page.text
    assert "planted-secret" not in page.text
    assert await accounts(face) == []
    face.doctor.findings = [Finding(check="login", outcome=Outcome.OK, seconds=0, detail="")]
    assert (await anna.sends(made["url"], page.form("Connect"), password="right")).status == 200
    assert len(await accounts(face)) == 1


async def test_without_a_consent_nothing_goes_on(face: Face) -> None:
    """Neither an address nor a password nor a provider is taken from who did not agree."""
    made = await link(face, consent=TERMS, account=SERVER)
    anna = somebody(face)
    form = await first(anna, made["url"])

    for agree in ("", "2025-01"):
        for more in ({"email": "a@example.org"}, {"password": "x"}, {"app": "y"}):
            page = await anna.sends(made["url"], {**form, "agree": agree, **more})
            assert page.status == 422
            assert "Without a consent" in page.text
    assert face.doctor.asked == []


async def test_a_link_is_used_once_by_all_tabs_together(face: Face) -> None:
    """Two tabs that send the password at once make one account; later the link is no link."""
    made = await link(face, account={**SERVER, "email": "anna@example.org"})
    anna = somebody(face)
    choice = await anna.sends(made["url"], await first(anna, made["url"]))
    form = {**choice.form("Connect"), "password": "secret"}

    pages = await asyncio.gather(*(anna.sends(made["url"], form) for _ in range(3)))

    assert sorted(each.status for each in pages) == [200, 410, 410]
    assert len(await accounts(face)) == 1
    again = await anna.opens(made["url"])
    assert again.status == 410
    kept_safe(again)
    await face.ask("DELETE", f"/v1/accounts/{made['account']}")
    assert (await anna.sends(made["url"], form)).status == 410
    assert await accounts(face) == []


@pytest.mark.parametrize("what", ["late", "revoked", "changed", "longer", "made up"])
async def test_a_link_that_is_none_is_told_in_the_same_words(face: Face, what: str) -> None:
    """Late, revoked, changed or made up: the answer does not say which."""
    made = await link(face, expiresIn=60)
    url = made["url"]
    head, signature = url.rsplit(".", 1)
    match what:
        case "late":
            cast("StillClock", face.clock).time += 61
        case "revoked":
            assert (await face.ask("DELETE", f"/v1/links/{made['id']}")).status == 204
        case "changed":
            url = f"{head}.{signature[:-2]}AA"
        case "longer":
            url = f"{head[:-1]}9.{signature}"
        case _:
            url = f"{OURS}/connect/x.9999999999.{signature}"

    page = await somebody(face).opens(url)

    assert page.status == 410
    assert "This link was used, or its time is over: ask for another one" in page.text


async def test_a_form_of_another_site_is_refused(face: Face) -> None:
    """Without the browser's cookie, with another's mark, or as JSON, nothing is taken."""
    made = await link(face, account={**SERVER, "email": "anna@example.org"})
    anna, mallory = somebody(face), somebody(face)
    form = {**(await first(anna, made["url"])), "password": "x"}
    foreign = await first(mallory, made["url"])

    assert (await somebody(face).sends(made["url"], form)).status == 403
    assert (await anna.sends(made["url"], {**form, "mark": foreign["mark"]})).status == 403
    assert (await anna.sends(made["url"], {**form, "mark": ""})).status == 403
    json = await face.ask("POST", made["url"].removeprefix(OURS), form, key=None)
    assert json.status == 415
    assert face.doctor.asked == []


async def test_the_cookie_is_of_this_host_alone(face: Face) -> None:
    """It has the prefix for that, no script reads it, and two tabs share it."""
    made = await link(face)
    anna = somebody(face)

    page = await anna.opens(made["url"])
    again = await anna.opens(made["url"])

    given = page.headers["set-cookie"]
    assert given.startswith("__Host-vedette=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(given.split("; "))
    assert "Domain" not in given
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("text", XSS)
async def test_whatever_is_shown_is_text(face: Face, text: str) -> None:
    """From the host, from the person and from a server: nothing of it is ever markup."""
    face.doctor.findings = [
        Finding(check="login", outcome=Outcome.FAILED, seconds=0, detail=text, remedy=text)
    ]
    made = await link(
        face, consent={"version": text, "text": text}, account={"title": text, **SERVER}
    )
    anna = somebody(face)
    page = await anna.opens(made["url"])
    pages = [page]
    form = {**page.form("Go on"), "agree": text}
    pages.append(await anna.sends(made["url"], form, email=text))
    pages.append(await anna.sends(made["url"], form, email="a@example.org", password=text))
    pages.append(await anna.sends(made["url"], form, app=text))
    pages.append(await anna.sends(made["url"], {**form, "agree": "no"}, email=text))
    pages.append(await anna.opens(f"{OURS}/connect/{text.replace('/', '')}"))
    pages.append(await anna.opens(f"{OURS}/v1/oauth/callback?state=x&error={text}"))

    for each in pages:
        kept_safe(each)
        assert each.headers["content-type"].startswith("text/html")


async def test_one_link_tries_few_passwords(face: Face) -> None:
    """A link is no way to search for a password."""
    face.doctor.findings = [Finding(check="login", outcome=Outcome.FAILED, seconds=0, detail="no")]
    made = await link(face, account={**SERVER, "email": "anna@example.org"})
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "password": "x"}

    seen = [(await anna.sends(made["url"], form)).status for _ in range(TRIES_BURST + 1)]

    assert seen == [422] * TRIES_BURST + [429]
    assert len(face.doctor.asked) == TRIES_BURST


async def test_a_person_says_nothing_that_the_link_says(face: Face) -> None:
    """The server, the mailbox and what is inside are the link's; other fields are not read."""
    made = await link(face, account={**SERVER, "email": "anna@example.org", "user": "anna"})
    anna = somebody(face)
    form = await first(anna, made["url"])

    await anna.sends(
        made["url"],
        form,
        email="bob@example.org",
        password="x",
        host="evil.example",
        user="root",
        private="true",
    )

    [(tried, target)] = face.doctor.asked
    assert (tried.email, tried.credentials.user) == ("anna@example.org", "anna")
    assert (target.host, target.private) == ("imap.example.org", False)


async def test_a_person_names_no_server_inside(face: Face) -> None:
    """Where the link names no server a person may, and it has to be a public one."""
    made = await link(face)
    anna = somebody(face)
    form = await first(anna, made["url"])

    for host in ("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254"):
        page = await anna.sends(
            made["url"], form, email="anna@example.org", password="x", host=host
        )
        assert page.status == 422
    assert face.doctor.asked == []


async def test_a_limit_of_the_plan_is_told_and_the_link_kept(face: Face) -> None:
    """Who came too late may use the link once there is a place."""
    await face.ask("PATCH", "/v1/tenants/acme", {"maxAccounts": 0})
    made = await link(face, account={**SERVER, "email": "anna@example.org"})
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "password": "x"}

    assert (await anna.sends(made["url"], form)).status == 409
    await face.ask("PATCH", "/v1/tenants/acme", {"maxAccounts": 1})

    assert (await anna.sends(made["url"], form)).status == 200


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/mail",
        "https://app.example.org.evil.example/mail",
        "https://app.example.org@evil.example/mail",
        "https://app.example.org/mailbox",
        "https://app.example.org/mail/../admin",
        "https://app.example.org/mail/%2e%2e/admin",
        "https://app.example.org/mail/%252e%252e/admin",
        "https://app.example.org:444/mail",
        "http://app.example.org/mail",
        "//app.example.org/mail",
        "https:app.example.org/mail",
        "https://app.example.org\\@evil.example/mail",
        "javascript:alert(1)",
        "https://app.example.org/mail\n",
        "",
    ],
)
async def test_no_page_but_those_that_are_allowed_is_returned_to(face: Face, page: str) -> None:
    """An open redirect is refused where the link is made; an empty page is none."""
    made = await face.ask("POST", "/v1/links", {"tenant": "acme", "returnTo": page})

    if page:
        assert (made.status, made.code) == (422, "invalid")
        assert made.json["errors"][0]["field"] == "returnTo"
    else:
        assert made.json["returnTo"] is None


@pytest.mark.parametrize("page", [BACK, f"{BACK}/", f"{BACK}/a/b?c=d", f"{BACK}?x=1"])
async def test_a_page_beneath_an_allowed_one_is_returned_to(face: Face, page: str) -> None:
    """With its query."""
    assert (await link(face, returnTo=page))["returnTo"] == page


async def test_what_a_link_is_not_for_is_refused(face: Face) -> None:
    """Credentials, commands, a day and more, apps that are not there, another tenant."""
    key = await face.key("accounts:read", "accounts:write", tenant="acme")
    for wish in (
        {"account": {"password": "x"}},
        {"account": {"tokenCommand": ["id"]}},
        {"account": {"host": "127.0.0.1"}},
        {"expiresIn": 86_401},
        {"consent": {"version": "1"}},
        {"password": False},
    ):
        assert (await face.ask("POST", "/v1/links", wish, key=key)).status == 422, wish
    inside = {"account": {"private": True, "host": "127.0.0.1"}}
    assert (await face.ask("POST", "/v1/links", inside, key=key)).status == 403
    assert (await face.ask("POST", "/v1/links", {"providers": ["x"]}, key=key)).status == 403
    assert (await face.ask("POST", "/v1/links", {"providers": ["x"]})).status == 422
    assert (await face.ask("POST", "/v1/links", {"account": {"private": True}})).status == 422
    assert (await face.ask("POST", "/v1/links", {"tenant": "other"}, key=key)).status == 404


async def test_the_address_of_a_link_is_told_once(face: Face) -> None:
    """Lists and looks have no address, and no record holds it."""
    made = await link(face)

    shown = await face.ask("GET", f"/v1/links/{made['id']}")
    listed = await face.ask("GET", "/v1/links?tenant=acme")

    assert "url" not in shown.json
    assert listed.json["items"] == [shown.json]
    records = await face.state.records.records(RecordQuery(kind=Kind.LINK))
    assert not [each for each in records if made["url"].rsplit(".", 1)[1] in each.body]


async def test_without_a_public_url_nothing_begins(face: Face) -> None:
    """One line says which setting is missing; it may be set while the service runs as well."""
    bare = Face(face.state, face.clock, settings=ApiSettings(rate=1e6, burst=1_000_000))

    refused = await bare.ask("POST", "/v1/links", {"tenant": "acme"})
    assert (refused.status, refused.code) == (409, "conflict")
    assert "[api] public_url" in refused.json["detail"]

    await bare.ask("PATCH", "/v1/settings", {"publicUrl": "https://mail.example.org"})
    made = await bare.ask("POST", "/v1/links", {"tenant": "acme"})
    assert made.json["url"].startswith("https://mail.example.org/connect/")
    await bare.transport.stop()


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
