"""Connect links as programs make them: what they may say, and where a browser may be sent back to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.linking import BACK, acme, link
from tests.support.api import Face
from vedette.config.api import ApiSettings
from vedette.ports.records import Kind, RecordQuery


@pytest.fixture
async def face() -> AsyncIterator[Face]:
    async with acme() as made:
        yield made


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
