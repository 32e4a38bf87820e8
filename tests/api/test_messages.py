"""Mail over the API on a real Dovecot: listed, searched, read, fetched."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.api import ROOT, Face
from tests.support.dovecot import Dovecot
from tests.support.postbox import Box, boxed, letter, living, with_attachment
from vedette.model.ids import AccountId
from vedette.service.mailbox import listing


@pytest.fixture
async def face(tmp_path: Path) -> AsyncIterator[Face]:
    async with living(tmp_path) as made:
        yield made


@pytest.fixture
async def box(face: Face, dovecot: Dovecot, user: str) -> Box:
    return await boxed(face, dovecot, user)


async def test_messages_are_listed_newest_first_and_stay_unread(box: Box, dovecot: Dovecot) -> None:
    """An envelope is in the words of the event; to list and to read mark nothing as read."""
    await box.holds(letter("One"), letter("Two", in_reply_to="<x@example.org>"))

    found = await box.listed()
    assert [each["subject"] for each in found] == ["Two", "One"]
    assert found[0]["from"] == {"name": "Ann", "address": "ann@example.org"}
    assert found[0]["inReplyTo"] == "<x@example.org>"
    assert found[0]["folder"] == {"path": "INBOX", "specialUse": "\\Inbox"}
    for path in ("", "/raw"):
        assert (await box.ask("GET", f"messages/{found[0]['id']}{path}")).status == 200

    flags = ("fetch", "-u", box.user, "flags", "mailbox", "INBOX", "all")
    assert "\\Seen" not in await asyncio.to_thread(dovecot.doveadm, *flags)


async def test_pages_follow_each_other_to_the_end(box: Box) -> None:
    """Each message is on one page, the newest on the first, and null ends the list."""
    await box.holds(*(letter(f"{number}") for number in range(7)))

    seen, after = [], ""
    while True:
        page = (await box.ask("GET", f"folders/INBOX/messages?limit=3{after}")).json
        seen += [each["subject"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert seen == [f"{number}" for number in reversed(range(7))]


async def test_a_search_finds_what_the_server_finds(box: Box) -> None:
    """Each filter narrows, together they all hold, and 8-bit text is looked for as it is."""
    await box.holds(letter("Grüße an Jan"), letter("Rechnung", body="Betrag: 7"))
    await box.holds(letter("Read", List_Id="News <news.example.org>"), flags="\\Seen \\Flagged")

    assert await box.subjects(f"?subject={quote('grüße')}") == ["Grüße an Jan"]
    assert await box.subjects("?body=Betrag") == ["Rechnung"]
    assert await box.subjects("?text=news.example.org") == ["Read"]
    assert await box.subjects(f"?header={quote('List-Id: news')}") == ["Read"]
    assert await box.subjects("?unseen=true") == ["Rechnung", "Grüße an Jan"]
    assert await box.subjects("?unseen=false&flagged=true") == ["Read"]
    assert await box.subjects("?from=ann&unseen=false") == ["Read"]
    assert await box.subjects("?since=2020-01-01&before=2100-01-01&limit=1") == ["Read"]
    assert await box.subjects("?before=2020-01-01") == []
    assert await box.subjects("?larger=100000") == []
    assert await box.subjects("?uid=2") == ["Rechnung"]


@pytest.mark.parametrize(
    "query",
    [
        "subject=" + quote('x" UNDELETED SUBJECT "'),
        "subject=" + quote("x) UNDELETED (SUBJECT y"),
        "from=" + quote("{3}"),
        "text=" + quote('\\"'),
        "to=%2A",
        "keyword=NoSuchKeyword",
    ],
)
async def test_no_text_becomes_a_criterion(box: Box, query: str) -> None:
    """What looks like the protocol is looked for as text, and found nowhere."""
    await box.holds(letter("Plain"))

    assert await box.subjects(f"?{query}") == []


@pytest.mark.parametrize(
    "query",
    ["subject=a%0D%0Ab", "keyword=a%20b", "header=nocolon", "since=yesterday", "uid=0", "nope=1"],
)
async def test_a_search_that_can_not_be_meant_is_a_mistake(box: Box, query: str) -> None:
    """The field is named, and no server is asked."""
    answer = await box.ask("GET", f"folders/INBOX/messages?{query}")

    assert (answer.status, answer.code) == (422, "invalid")
    assert box.face.services.mailboxes.sessions.count == 0


async def test_a_message_is_told_as_deep_as_is_asked(box: Box) -> None:
    """Metadata has no text, full has attached messages; attachments name their parts."""
    await box.holds(with_attachment("a.pdf", b"%PDF-1.4 " * 9000))
    id_ = await box.only()

    metadata = (await box.ask("GET", f"messages/{id_}?depth=metadata")).json
    full = (await box.ask("GET", f"messages/{id_}?depth=full")).json

    assert metadata["text"] is None
    assert full["text"]["plain"].strip() == "See the file."
    assert [each["filename"] for each in full["attachments"]] == ["a.pdf"]
    assert full["nested"] == []
    assert full["id"] == id_


@pytest.mark.parametrize("count", [1, 20_000], ids=["in memory", "through a file"])
async def test_an_attachment_is_what_was_attached(box: Box, tmp_path: Path, count: int) -> None:
    """Its octets come decoded, and nothing of them stays in the spool."""
    data = bytes(range(256)) * count
    await box.holds(with_attachment("all.bin", data))
    id_ = await box.only()

    answer = await box.ask("GET", f"messages/{id_}/attachments/2")

    assert answer.body == data
    assert answer.headers["content-disposition"] == 'attachment; filename="all.bin"'
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_a_message_comes_as_the_server_has_it(box: Box) -> None:
    """Octet by octet, as a file, with its length."""
    mail = letter("Raw", body="x" * 200_000)
    await box.holds(mail)

    answer = await box.ask("GET", f"messages/{await box.only()}/raw")

    assert answer.body == mail
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-length"] == str(len(mail))
    assert answer.headers["content-disposition"] == 'attachment; filename="message.eml"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/xhtml+xml"])
async def test_nothing_of_mail_is_of_a_type_that_runs(box: Box, kind: str) -> None:
    """A page or a picture with scripts is told as octets to save."""
    await box.holds(with_attachment("page.html", b"<script>alert(1)</script>", kind))

    answer = await box.ask("GET", f"messages/{await box.only()}/attachments/2")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_pages_find_messages_far_apart(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Window by window: a page may be short, and the next one goes on where it ended."""
    monkeypatch.setattr(listing, "FIRST", 2)
    monkeypatch.setattr(listing, "WIDER", 1)
    monkeypatch.setattr(listing, "WINDOWS", 2)
    await box.holds(*(letter(f"{number}") for number in range(12)))

    pages, after = [], ""
    while True:
        page = (await box.ask("GET", f"folders/INBOX/messages?body=Hello&to=bob{after}")).json
        pages.append([each["subject"] for each in page["items"]])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert pages == [["11", "10", "9", "8"], ["7", "6", "5", "4"], ["3", "2", "1", "0"]]


async def test_a_large_message_is_never_in_memory_whole(box: Box) -> None:
    """Of 12 MB that come and go, a window at a time is held."""
    mail = letter("Large", body=("x" * 70 + "\n") * 170_000)
    await box.holds(mail)
    id_ = await box.only()
    mailboxes = box.face.services.mailboxes
    tracemalloc.start()
    content = await mailboxes.raw(ROOT, AccountId("box"), id_)
    count = 0
    async for piece in content.pieces():
        count += len(piece)
    mailboxes.ended(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == len(mail)
    assert peak < 6_000_000


@pytest.mark.parametrize("id_", ["x", "MTow", "%00", "é", "MToxOjE6SU5CT1gNCg", "A" * 3000])
async def test_a_made_up_id_is_that_of_no_message(box: Box, id_: str) -> None:
    """It is a 404, or no address at all."""
    answer = await box.ask("GET", f"messages/{quote(id_, safe='%')}")

    assert answer.status in {400, 404}
