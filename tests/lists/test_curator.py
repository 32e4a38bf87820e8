"""A list is kept up to date: asked for politely, judged, and the last good one stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from vedette.guard.pack import Gate, List
from vedette.lists import download
from vedette.lists.curator import Curator
from vedette.lists.shelf import title
from vedette.net.address import PRIVATE, AddressGuard


class Publisher:
    """A server with one list: what it has, what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.octets = b"".join(b"lucky%d.example.com\n" % number for number in range(100))
        self.etag = '"1"'
        self.asked: list[str | None] = []
        self.leads_to: str | None = None
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers.get("If-None-Match"))
        if self.leads_to is not None:
            return web.Response(status=302, headers={"Location": self.leads_to})
        if self.status != 200:
            return web.Response(status=self.status)
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304)
        return web.Response(body=self.octets, headers={"ETag": self.etag})


@pytest.fixture
def publisher() -> Publisher:
    """Return a publisher of one list."""
    return Publisher()


@pytest.fixture
async def url(publisher: Publisher) -> AsyncIterator[str]:
    """Publish it on loopback."""
    app = web.Application()
    app.router.add_get("/{path:.*}", publisher.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/lists/gambling.txt?token=hush"
    await runner.cleanup()


def _curator(
    folder: Path, *sources: str, guard: AddressGuard | None = None, gate: Gate | None = None
) -> Curator:
    return Curator(
        List(name="gambling", sources=sources, gate=gate or Gate(), every=3_600.0),
        folder=folder / "state",
        base=folder,
        guard=guard or AddressGuard(allow=PRIVATE),
        now=lambda: 1_000.0,
    )


async def test_a_published_list_is_fetched_built_and_found_in(tmp_path: Path, url: str) -> None:
    """From the first look on."""
    curator = _curator(tmp_path, url)

    look = await curator.look(url)

    assert look.changed
    assert [part.find("www.lucky7.example.com") for part in curator.parts()] == [
        "lucky7.example.com"
    ]
    assert curator.parts()[0].name == "gambling"


async def test_a_list_that_did_not_change_is_not_sent_again(
    tmp_path: Path, url: str, publisher: Publisher
) -> None:
    """The server is asked with the mark that it gave (RFC 9110 section 13.1.2)."""
    curator = _curator(tmp_path, url)
    await curator.look(url)

    look = await curator.look(url)

    assert not look.changed
    assert publisher.asked == [None, '"1"']


async def test_an_update_that_does_not_pass_leaves_the_last_good_one(
    tmp_path: Path, url: str, publisher: Publisher
) -> None:
    """As when a list falls to nothing for ten days."""
    curator = _curator(tmp_path, url)
    await curator.look(url)
    publisher.octets, publisher.etag = b"lucky1.example.com\n", '"2"'

    look = await curator.look(url)

    assert look.refused == "it shrank from 100 entries to 1"
    assert curator.parts()[0].find("lucky7.example.com") == "lucky7.example.com"


async def test_an_update_that_was_refused_is_asked_for_again(
    tmp_path: Path, url: str, publisher: Publisher
) -> None:
    """Its mark is not kept, and the next look is sooner than usual."""
    curator = _curator(tmp_path, url)
    await curator.look(url)
    publisher.octets, publisher.etag = b"", '"2"'
    await curator.look(url)
    due = curator.due(url)

    await curator.look(url)

    assert due == 1_000.0 + 360.0
    assert publisher.asked == [None, '"1"', '"1"']


async def test_a_list_outlives_the_process(tmp_path: Path, url: str) -> None:
    """It lies on the disk, and nothing has to be fetched to use it."""
    await _curator(tmp_path, url).look(url)

    again = _curator(tmp_path, url)

    assert again.parts()[0].find("lucky7.example.com") == "lucky7.example.com"
    assert again.due(url) == 1_000.0 + 3_600.0


@pytest.mark.parametrize("status", [404, 500])
async def test_a_server_without_the_list_leaves_the_last_good_one(
    tmp_path: Path, url: str, publisher: Publisher, status: int
) -> None:
    """And says what it answered."""
    curator = _curator(tmp_path, url)
    await curator.look(url)
    publisher.status = status

    look = await curator.look(url)

    assert look.refused == f"the list's server answered HTTP {status}"
    assert len(curator.parts()) == 1


async def test_an_inside_address_is_not_asked(tmp_path: Path, url: str) -> None:
    """Nor is it told whole: a URL may hold a token."""
    curator = _curator(tmp_path, url, guard=AddressGuard())

    look = await curator.look(url)

    assert "can not be fetched" in look.refused
    assert "hush" not in look.refused


async def test_redirects_without_end_are_left(
    tmp_path: Path, url: str, publisher: Publisher
) -> None:
    """A few are followed."""
    publisher.leads_to = "/again"

    look = await _curator(tmp_path, url).look(url)

    assert look.refused == "the list's server leads on more than 3 times"
    assert len(publisher.asked) == 4


async def test_a_list_without_end_is_left(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is for mail."""
    monkeypatch.setattr(download, "MAX_OCTETS", 100)

    look = await _curator(tmp_path, url).look(url)

    assert look.refused == "the list has more than 100 octets"
    assert list((tmp_path / "state").rglob("*.raw")) == []


async def test_a_list_in_a_file_is_read_from_beside_the_configuration(tmp_path: Path) -> None:
    """And never removed."""
    (tmp_path / "own.txt").write_text("lucky.example.com\n")
    curator = _curator(tmp_path, "own.txt")

    await curator.look("own.txt")

    assert curator.parts()[0].find("lucky.example.com") == "lucky.example.com"
    assert (tmp_path / "own.txt").exists()


async def test_a_damaged_list_on_the_disk_is_as_none(tmp_path: Path) -> None:
    """It is due at once."""
    (tmp_path / "own.txt").write_text("lucky.example.com\n")
    curator = _curator(tmp_path, "own.txt")
    await curator.look("own.txt")
    for path in (tmp_path / "state").rglob("*.json"):
        path.write_text("{")

    assert curator.parts() == ()
    assert curator.due("own.txt") == 0.0


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://lists.example.com/a/gambling.txt?token=hush", "gambling"),
        ("https://lists.example.com/", "lists"),
        ("lists/own.hosts.gz", "own"),
        ("/srv/ut1/gambling/", "gambling"),
    ],
)
def test_a_source_has_a_short_name_without_secrets(source: str, expected: str) -> None:
    """It stands in explanations."""
    assert title(source) == expected
