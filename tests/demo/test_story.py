"""The story of ``vedette demo``, told for real and checked by its facts."""

from __future__ import annotations

import asyncio
import imaplib
import io
import re
import signal
import sys
import time

import pytest

from tests.demo.talk import HELLO
from vedette.demo import story
from vedette.demo.books import Books

#: The demonstration promises to end within this many seconds.
PROMISE = 35.0
SCRIPT = """
import asyncio, sys
from vedette.demo.story import tell
sys.exit(asyncio.run(tell(sys.stdout, stay=True, pace=0)))
"""


async def test_the_story_ends_with_even_books() -> None:
    """Nine messages, each told once and verified, a guard, a drop and a restart between them."""
    out = io.StringIO()
    began = time.monotonic()

    status = await story.tell(out, stay=False, pace=0)

    lines = out.getvalue().splitlines()
    told = [each for each in lines if "  INBOX  " in each or "  Junk  " in each]
    assert (status, lines[-1].split(";")[0]) == (
        0,
        "9 delivered, 0 lost, 0 repeated, 1 moved by a guard",
    )
    # The one that a guard moved and we took back is told at both of its places.
    assert len(told) == 10
    assert all("verified" in each for each in told)
    assert sum("account.connected" in each for each in lines) >= 2
    for fact in ("mailing list", "bounce of nobody@gone.example (5.1.1)", "REQUEST for 2026-12-01",
                 "Vertrag für Anna.pdf", "from-ambiguous", "Dienstag um zehn", "Please send the contract"):  # fmt: skip
        assert any(fact in each for each in told), fact
    for fact in ("quarantine", "moved to Guard/", "taken back to INBOX", "it came back"):
        assert any(fact in each for each in lines), fact
    assert all(each.isprintable() for each in lines)
    assert time.monotonic() - began < PROMISE


async def test_the_story_fails_when_the_books_do_not_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An event that is counted twice is a repeat: exit status 1 and a line that says so."""
    enter = Books.enter

    def twice(self: Books, event: dict[str, object]) -> object:
        enter(self, event)
        return enter(self, event)

    monkeypatch.setattr(Books, "enter", twice)
    out = io.StringIO()
    assert await story.tell(out, stay=False, pace=0) == 1
    assert out.getvalue().splitlines()[-1].startswith("FAILED: ")
    assert "10 repeated" in out.getvalue().splitlines()[-1]


async def test_the_story_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is ever told, the deadline ends it, with where it was."""
    monkeypatch.setattr(story, "PATIENCE", 3.0)
    monkeypatch.setattr(Books, "has", lambda _self, _place: False)
    out = io.StringIO()
    assert await story.tell(out, stay=False, pace=0) == 1
    assert "while delivering mail" in out.getvalue()


async def test_a_stay_shows_what_is_appended_and_ends_with_a_signal() -> None:
    """The URL, user and password that are printed let any mail program in."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            text = await _until(process.stdout, r"curl -sS --user (\S+):(\S+) imap://(\S+):(\d+)/")
            user, password, host, port = text.groups()
            await asyncio.to_thread(_append, host, int(port), user, password)
            await _until(process.stdout, r"INBOX  a@x\.example .*Hello .*verified")
            process.send_signal(signal.SIGINT)
            await _until(process.stdout, r"^10 delivered, 0 lost, 0 repeated")
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _append(host: str, port: int, user: str, password: str) -> None:
    with imaplib.IMAP4(host, port, timeout=60) as client:
        client.login(user, password)
        assert client.append("INBOX", "(\\Seen)", None, HELLO)[0] == "OK"


async def _until(stream: asyncio.StreamReader, pattern: str) -> re.Match[str]:
    """Read lines until one fits."""
    while line := await stream.readline():
        found = re.search(pattern, line.decode())
        if found is not None:
            return found
    pytest.fail(f"the output ended before {pattern}")
