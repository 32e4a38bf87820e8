"""Octets of mail as an answer: headers that nobody breaks out of, files that nobody leaves open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.api import download
from vedette.api.download import Download, disposition
from vedette.mime.attachments import safe_name
from vedette.service.mailbox.content import Content

#: The grammar of RFC 6266 section 4.1, as far as it is used.
FORM = re.compile(r"attachment(?:; filename=\"([\w. ()-]+)\"(?:; filename\*=UTF-8''([\w.~%-]+))?)?")


def content(data: bytes, **members: Any) -> Content:
    return Content(file=BytesIO(data), span=(0, len(data)), **members)


@given(name=st.one_of(st.text(), st.text('"\\;\r\n%\u202eé', max_size=20)))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    """Whatever a mail calls a file, the header is one line of ASCII in its form."""
    told = disposition(name)
    found = FORM.fullmatch(told)

    assert found is not None
    assert told.isascii()
    if found[2]:
        assert unquote(found[2], errors="replace") == name.encode(errors="replace").decode()


@given(name=st.text())
def test_a_name_that_mail_gives_is_told_as_it_is(name: str) -> None:
    """What is safe as a file's name comes to the reader in full."""
    safe = safe_name(name)
    if safe:
        found = FORM.fullmatch(disposition(safe))
        assert found is not None
        assert safe in {found[1], unquote(found[2] or "")}


async def sent(answer: Download) -> tuple[dict[str, str], bytes]:
    messages: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        messages.append(message)

    await answer({"type": "http"}, receive, send)  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return headers, b"".join(each.get("body", b"") for each in messages[1:])


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ("image/png", "image/png"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("x/y\r\nSet-Cookie: a=b", "application/octet-stream"),
    ],
)
async def test_a_type_that_is_not_known_to_be_harmless_is_octets(given_: str, told: str) -> None:
    """Only a type of the list is told; nothing that mail says becomes a header by itself."""
    ended: list[Content] = []

    headers, body = await sent(Download(content(b"x", content_type=given_), ended.append))

    assert (headers["content-type"], body, len(ended)) == (told, b"x", 1)


async def test_a_reader_that_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is broken off at its deadline, and its file is let go."""
    monkeypatch.setattr(download, "LONGEST", 0.01)
    ended: list[Content] = []
    answer = Download(content(b"x" * 10), ended.append)

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await never()

    await answer({"type": "http"}, receive, send)  # type: ignore[arg-type]

    assert len(ended) == 1


async def never() -> None:
    """Wait as a socket does whose peer reads nothing."""
    await asyncio.Event().wait()
