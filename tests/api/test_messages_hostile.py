"""Mail that was written to hurt, fetched over the API: no answer is a defect, and none is a lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.corpus import hostile
from tests.support.api import Face
from tests.support.dovecot import Dovecot
from tests.support.postbox import boxed, living
from vedette import mime

DATA = Path(__file__).parent.parent / "mime" / "data"


@pytest.fixture
async def face(tmp_path: Path) -> AsyncIterator[Face]:
    async with living(tmp_path) as made:
        yield made


def corpus() -> list[bytes]:
    """Return hostile mail as a server takes it: lines end with CRLF, and no octet is NUL."""
    mails = [mail for _, mail in hostile.messages()]
    mails += [path.read_bytes() for path in sorted(DATA.glob("*.eml"))]
    ended = (mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for mail in mails)
    return [mail.replace(b"\0", b"?") for mail in ended if mail]


async def test_every_hostile_mail_is_listed_read_and_fetched(
    face: Face, dovecot: Dovecot, user: str
) -> None:
    """Raw it is octet by octet what was sent; each attachment is the one that the reader sees."""
    box = await boxed(face, dovecot, user)
    mails = corpus()
    await asyncio.to_thread(append_all, dovecot, user, mails)

    found = await box.listed("?limit=200")
    assert len(found) == len(mails)
    for item, mail in zip(reversed(found), mails, strict=True):
        path = f"messages/{item['id']}"
        assert (await box.ask("GET", f"{path}/raw")).body == mail
        told = await box.ask("GET", f"{path}?depth=full")
        assert told.status == 200, told.body
        for each in (told.json["attachments"] or [])[:5]:
            part = await box.ask("GET", f"{path}/attachments/{each['id']}")
            assert part.status == 200, part.body
            assert part.body == mime.attachment_bytes(mail, each["id"])
            assert part.headers["content-disposition"].isascii()
            assert "html" not in part.headers["content-type"]


def append_all(server: Dovecot, user: str, mails: list[bytes]) -> None:
    with server.client(user) as client:
        for mail in mails:
            answer, words = client.append("INBOX", "", "", mail)
            assert answer == "OK", words
