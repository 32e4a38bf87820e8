"""Where the mailbox of an address is, through the API; how it is found is tested at its sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import NOW
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.memory_store import MemoryStore
from tests.support.person import Person, to_app
from vedette.errors import NetworkError
from vedette.identity.autoconfig.discovery import Inquiry
from vedette.identity.autoconfig.service import Service
from vedette.service.accounts.discovering import AT_ONCE


class World:
    """An internet: MX records of some domains, one SRV record, and no pages."""

    def __init__(self) -> None:
        self.exchanges = {"firm.example": ["aspmx.l.google.com"]}
        self.services_ = {"_imaps._tcp.host.example": [Service(priority=0, weight=0, port=993, target="imap.elsewhere.example")]}  # fmt: skip
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0
        self.full = asyncio.Event()

    async def exchangers(self, domain: str) -> list[str]:
        self.waiting += 1
        if self.waiting == AT_ONCE:
            self.full.set()
        await self.open.wait()
        return self.exchanges.get(domain, [])

    async def services(self, name: str) -> list[Service]:
        return self.services_.get(name, [])

    async def page(self, url: str, *, most: int) -> bytes | None:
        raise NetworkError(f"nobody is at {url[:20]} for {most} octets")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def face(world: World) -> AsyncIterator[Face]:
    clock = StillClock(NOW)
    store = MemoryStore(clock)
    await store.start()
    yield Face(store, clock, inquiry=Inquiry(names=world, pages=world, ispdb=None))
    await store.stop()


async def test_what_was_asked_and_believed_is_shown(face: Face) -> None:
    """Every source in its order with what came of it, the winner, and a hint with its link."""
    found = (await face.ask("GET", "/v1/autoconfig?address=anna@firm.example")).json

    assert (found["winner"], found["proposals"][0]["host"]) == ("mx", "imap.gmail.com")
    assert found["proposals"][0]["app"] == "google"
    assert found["hint"]["url"].startswith("https://")
    assert [each["outcome"] for each in found["tried"]] == ["nothing", "found", *["left"] * 5]


async def test_a_host_that_only_the_dns_names_is_marked(face: Face) -> None:
    """A person should look at it before a password goes there."""
    found = (await face.ask("GET", "/v1/autoconfig?address=anna@host.example")).json

    assert (found["winner"], found["proposals"][0]["isVouched"]) == ("srv", False)

    made = await face.ask("POST", "/v1/links", {})
    assert made.status == 201, made.body
    person = Person(to_app(face.app))
    first = await person.opens(made.json["url"])
    page = await person.sends(made.json["url"], first.form("Go on"), email="anna@host.example")
    assert "make sure that it is before you give a password" in page.text
    assert page.form("Connect")["host"] == "imap.elsewhere.example"


async def test_a_page_for_an_address_that_nobody_knows_asks_for_the_server(face: Face) -> None:
    """And one that is no address is told so on the first page again."""
    made = (await face.ask("POST", "/v1/links", {})).json["url"]
    person = Person(to_app(face.app))
    first = (await person.opens(made)).form("Go on")

    unknown = await person.sends(made, first, email="anna@nowhere.example")
    wrong = await person.sends(made, first, email="anna")

    assert unknown.form("Connect")["host"] == ""
    assert (wrong.status, "no mail address" in wrong.text) == (422, True)


async def test_a_provider_that_takes_no_password_is_asked_for_none(face: Face) -> None:
    """Where the table says so, the page has no field for one, and says what to do instead."""
    made = (await face.ask("POST", "/v1/links", {})).json["url"]
    person = Person(to_app(face.app))

    page = await person.sends(
        made, (await person.opens(made)).form("Go on"), email="anna@outlook.com"
    )

    assert page.forms == []
    assert "Microsoft takes no passwords" in page.text


@pytest.mark.parametrize("address", ["", "anna", "anna@", "@example.org", "a@127.0.0.1", "x" * 400])
async def test_what_is_no_address_is_a_mistake(face: Face, address: str) -> None:
    """One line says so."""
    answer = await face.ask("GET", f"/v1/autoconfig?address={address}")

    assert answer.status == 422


async def test_only_so_many_are_looked_for_at_once(face: Face, world: World) -> None:
    """The next one is told to come again, and the others are answered."""
    world.open.clear()
    going = [
        asyncio.create_task(face.ask("GET", f"/v1/autoconfig?address=a{n}@firm.example"))
        for n in range(AT_ONCE)
    ]
    await asyncio.wait_for(world.full.wait(), 10)

    more = await face.ask("GET", "/v1/autoconfig?address=b@firm.example")
    world.open.set()

    assert more.code == "throttled"
    assert {each.status for each in await asyncio.gather(*going)} == {200}
