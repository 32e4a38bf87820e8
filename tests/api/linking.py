"""What the tests of connect links share: an API with a tenant, its links, and what a page may be.

Must not know: how a mailbox is connected.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

from tests.api.conftest import NOW
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.memory_store import MemoryStore
from tests.support.person import Page, Person, to_app
from tests.support.ports import free_port
from vedette.api.screens import PAGE
from vedette.config.api import ApiSettings

BACK = "https://app.example.org/mail"
PORT = free_port()
OURS = f"http://127.0.0.1:{PORT}"
SETTINGS = ApiSettings(
    rate=1e6, burst=1_000_000, public_url=OURS, return_to=("https://app.example.org/mail",)
)
TERMS = {"version": "2026-11", "text": "We read your mail.\nYou may end it."}
SERVER = {"host": "imap.example.org", "port": 993, "encryption": "tls"}

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


@asynccontextmanager
async def acme() -> AsyncIterator[Face]:
    """Yield an API with one tenant."""
    clock = StillClock(NOW)
    store = MemoryStore(clock)
    await store.start()
    made = Face(store, clock, settings=SETTINGS)
    assert (await made.ask("POST", "/v1/tenants", {"id": "acme"})).status == 201
    yield made
    await made.transport.stop()
    await store.stop()


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
