"""Connect links by their pages: words to agree to, an address, and a password that is tried."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
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
from tests.store.bundle import StillClock
from tests.support.api import Face
from vedette.api.visitor import TRIES_BURST
from vedette.errors import AuthError
from vedette.service.doctor.doctor import CheckOutcome, Finding

#: Texts that would be more than text, were they not escaped.
XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)' autofocus='",
    "</title></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt;{{7*7}}${7*7}",
)


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    async with acme() as made:
        yield made


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
            outcome=CheckOutcome.FAILED,
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
    face.doctor.findings = [Finding(check="login", outcome=CheckOutcome.OK, seconds=0, detail="")]
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
        Finding(check="login", outcome=CheckOutcome.FAILED, seconds=0, detail=text, remedy=text)
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
    face.doctor.findings = [
        Finding(check="login", outcome=CheckOutcome.FAILED, seconds=0, detail="no")
    ]
    made = await link(face, account={**SERVER, "email": "anna@example.org"})
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "password": "x"}

    seen = [(await anna.sends(made["url"], form)).status for _ in range(TRIES_BURST + 1)]

    assert seen == [422] * TRIES_BURST + [429]
    assert len(face.doctor.asked) == TRIES_BURST


async def test_no_page_takes_a_password_for_a_way_in_the_clear(face: Face) -> None:
    """It is not offered, so whoever sends it did not choose it there; nothing is tried."""
    made = await link(face, account={"email": "anna@example.org"})
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "password": "x", "host": "imap.example.org"}

    for encryption in ("plain", "none", "TLS"):
        page = await anna.sends(made["url"], form, encryption=encryption)
        assert page.status == 422
        kept_safe(page)
    assert face.doctor.asked == []


async def test_a_person_names_no_odd_port(face: Face) -> None:
    """A link acts as an admin, by what its maker may; whoever follows it is a stranger."""
    made = await link(face, account={"email": "anna@example.org"})
    anna = somebody(face)
    form = {**(await first(anna, made["url"])), "password": "x", "host": "imap.example.org"}

    for port in ("25", "6379"):
        page = await anna.sends(made["url"], form, encryption="tls", port=port)
        assert page.status == 422
        assert f"the port {port} is up to an admin" in page.text
    assert face.doctor.asked == []


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
