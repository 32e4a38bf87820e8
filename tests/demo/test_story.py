"""The story of ``vedette demo``, told for real and checked by its facts."""

from __future__ import annotations

import asyncio
import imaplib
import io
import re
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from tests.demo.talk import HELLO
from vedette.app.engine import Engine
from vedette.demo import patience, story
from vedette.demo.books import RECEIVED, Books
from vedette.demo.engine import is_posting
from vedette.demo.mailbox import Mail, Maildrop
from vedette.demo.messages import ANNA
from vedette.demo.receiver import Receiver
from vedette.demo.server import DemoServer
from vedette.errors import VedetteError
from vedette.secret import Secret

#: Seconds of processor that the story may take; it takes two.
COST = 10.0
SCRIPT = """
import asyncio, sys
from vedette.demo.story import tell
sys.exit(asyncio.run(tell(sys.stdout, stay=True, pace=0)))
"""


async def test_the_story_ends_with_even_books() -> None:
    """Nine messages, each told once and verified, a guard, a drop and a restart between them."""
    out = io.StringIO()
    began = time.process_time()

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
    assert time.process_time() - began < COST


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


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the story wait for a second only, from the first message on, and say so at once."""
    deliver = DemoServer.deliver

    def then_in_haste(self: DemoServer, user: str, octets: bytes, *, folder: str = "INBOX") -> Mail:
        monkeypatch.setattr(patience, "PATIENCE", 1.0)
        monkeypatch.setattr(patience, "LATE", 0.1)
        return deliver(self, user, octets, folder=folder)

    monkeypatch.setattr(DemoServer, "deliver", then_in_haste)


@pytest.mark.usefixtures("hasty")
async def test_what_is_under_way_is_not_called_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook that takes no mail yet: the story says what it waits for, gives up, and is fair."""
    posted = Receiver._posted

    async def slow(self: Receiver, request: web.Request) -> web.StreamResponse:
        if b"message.received" in await request.read():
            return web.Response(status=503)
        return await posted(self, request)

    monkeypatch.setattr(Receiver, "_posted", slow)
    out = io.StringIO()
    assert await story.tell(out, stay=False, pace=0) == 1
    first = f"the event about message 1 in INBOX of {ANNA}"
    assert f"still waiting for {first}." in out.getvalue()
    *_, failed, verdict = out.getvalue().splitlines()
    assert failed == f"FAILED: waited in vain for {first}, while delivering mail."
    assert "0 delivered, 0 lost, 0 repeated, 1 still under way" in verdict


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[Engine]:
    """Fill a list with the engines that the story starts."""
    engines: list[Engine] = []
    start = Engine.start

    async def started(self: Engine) -> None:
        engines.append(self)
        await start(self)

    monkeypatch.setattr(Engine, "start", started)
    return engines


async def test_what_the_engine_went_past_is_called_lost(
    monkeypatch: pytest.MonkeyPatch, running: list[Engine]
) -> None:
    """A message that was read, of which nothing is left to be posted, and which nobody was told."""
    enter, until = Books.enter, Receiver.until
    heard: list[object] = []

    def deaf(self: Books, event: dict[str, Any]) -> object:
        if event["type"] != RECEIVED:
            return enter(self, event)
        heard.append(event)
        return None

    async def in_vain(self: Receiver, _settled: Callable[[], bool]) -> None:
        await until(self, lambda: bool(heard))
        while await is_posting(running[0].store):  # noqa: ASYNC110 - the store has no event for "all posted"
            await asyncio.sleep(0)
        raise TimeoutError

    monkeypatch.setattr(Books, "enter", deaf)
    monkeypatch.setattr(Receiver, "until", in_vain)
    out = io.StringIO()
    assert await story.tell(out, stay=False, pace=0) == 1
    assert "FAILED: the books do not agree: 0 delivered, 1 lost, 0 repeated;" in out.getvalue()


async def test_the_story_waits_for_no_engine_that_crashed(
    monkeypatch: pytest.MonkeyPatch, running: list[Engine]
) -> None:
    """A defect ends it at once, and is what it ends with."""

    def crashes(_self: DemoServer, _user: str, _octets: bytes, *, folder: str) -> Mail:
        running[0].spawn(_defect(), "defect")
        return Maildrop("x", Secret(""), uid_validity=1).mailboxes[folder].append(HELLO, date=0.0)

    monkeypatch.setattr(DemoServer, "deliver", crashes)
    with pytest.raises(VedetteError, match="the engine crashed: a defect"):
        await story.tell(io.StringIO(), stay=False, pace=0)


async def _defect() -> None:
    raise RuntimeError("a defect")


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
