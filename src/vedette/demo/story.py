"""What ``vedette demo`` shows, in five short chapters, and whether the books agree at the end.

::

    mail arrives while both accounts are watched      each event as one line
    an offer of gambling arrives                      judged, moved, taken back
    the server drops every connection                 two messages arrive meanwhile
    the engine stops and starts on the same state     one message arrives meanwhile
    the books                                         the mailboxes against the webhook

Everything is real but the mail: the engine, its state on disk, the protocol, the webhook.
It must not know how any of them works.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from vedette.app.engine import Engine
from vedette.app.run import DRAIN, stop_within
from vedette.demo import messages, telling
from vedette.demo.books import APPLIED, UNDONE, Books, Place
from vedette.demo.engine import engine, is_posting, under_way
from vedette.demo.messages import ANNA, BRUNO, Letter
from vedette.demo.patience import Patience
from vedette.demo.receiver import Receiver
from vedette.demo.server import DemoServer
from vedette.errors import NetworkError, StoreUnwritableError, VedetteError
from vedette.model.ids import AccountId, ActionId
from vedette.secret import Secret

#: Seconds between two things that a person is to read.
PACE: Final = 1.6
#: Seconds to find out what became of what was not told.
INQUEST: Final = 5.0
#: Seconds for which the server is gone: long enough for a first try that is refused, short
#: enough for the second to succeed (the engine waits 0.5 to 1 s, then 1 to 2 s).
ABSENCE: Final = 1.1
#: Seconds between two looks at whether something is left to be posted.
LOOK: Final = 0.05
#: Octets of a signing key: 256 bits, as much as HMAC-SHA256 takes in.
KEY_OCTETS: Final = 32
#: Octets in the password of both accounts: nobody guesses 64 bits in three tries a connection.
PASSWORD_OCTETS: Final = 8


async def tell(out: TextIO, *, stay: bool, pace: float = PACE) -> int:
    """Tell the story to ``out``; return 0 if the books agree, else 1.

    With ``stay`` everything is kept up until SIGINT, SIGTERM or SIGHUP, and how to send
    mail to it is told. Raises VedetteError when the machine lets it not start.
    """
    with _folder() as folder:
        story = _Story(out, Path(folder), pace)
        try:
            try:
                await story.told()
            except TimeoutError:
                await story.give_up()
                return 1
            passed = story.verdict()
            if stay and passed:
                passed = await story.stay()
        finally:
            await story.close()
    return 0 if passed else 1


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="vedette-demo-")
    except OSError as error:
        raise StoreUnwritableError(
            f"no folder can be made in {tempfile.gettempdir()}: {error.strerror}; "
            "set TMPDIR to one that can be written"
        ) from error


class _Story:
    """The parts of the demonstration, and where it is."""

    def __init__(self, out: TextIO, folder: Path, pace: float) -> None:
        self.doing = "starting"
        self._out = out
        self._folder = folder
        self._pace = pace
        self._books = Books()
        self._arrived: dict[Place, float] = {}
        self._server = DemoServer(now=time.time)
        self._key = Secret(secrets.token_bytes(KEY_OCTETS))
        self._receiver = Receiver(self._key, now=time.time, taken=self._taken)
        self._engine: Engine | None = None
        self._watches: set[asyncio.Task[None]] = set()
        self._connected: set[AccountId] = set()
        self._joined = asyncio.Event()
        self._patience = Patience(self.say)
        self._ended = False
        #: The last action of a guard, by what became of it.
        self._actions: dict[str, ActionId] = {}

    def say(self, text: str) -> None:
        """Write one line, at once."""
        self._out.write(f"{text}\n")
        self._out.flush()

    async def told(self) -> None:
        """Tell all chapters."""
        await self._open()
        await self._live()
        await self._guard()
        await self._drop()
        await self._restart()
        self._chapter(
            "comparing the books", "The books: what the mailboxes hold, and what was told"
        )
        await self._settled()

    async def give_up(self) -> None:
        """Say what was waited for in vain, and what the books say, with what is still under way."""
        self.say(f"FAILED: waited in vain for {self._patience.awaited}, while {self.doing}.")
        late = await self._late()
        self._ended = True
        self.verdict(late=late)

    async def stay(self) -> bool:
        """Keep everything up until a signal, let what arrived last be told; whether all was."""
        password = self._server.drops[ANNA].password.reveal()
        url = f"imap://{self._server.host}:{self._server.port}"
        self.say("")
        self.say("Everything stays up; Ctrl-C ends it. Two mailboxes can be used by any mail")
        self.say(f"program, without TLS: {url}/INBOX")
        self.say(f"  users {ANNA} and {BRUNO}, password {password}")
        self.say("To put a message into one and see its event here:")
        self.say(
            r"  printf 'From: me@here.example\r\nSubject: Hello\r\n\r\nHello!\r\n' > hello.eml"
        )
        self.say(f"  curl -sS --user {ANNA}:{password} {url}/INBOX -T hello.eml")
        await _signalled()
        late: frozenset[Place] = frozenset()
        try:
            async with self._patience.awaiting("the events about what arrived last"):
                await self._receiver.until(lambda: not self._untold())
        except TimeoutError:
            late = await self._late()
        self.say("")
        return self.verdict(visited=True, late=late)

    def _held(self) -> Iterator[Place]:
        """Yield where there is mail that is watched."""
        for user, drop in self._server.drops.items():
            for box in drop.mailboxes.values():
                if box.name == "INBOX" or box.use == "\\Junk":
                    for mail in box:
                        yield Place(
                            account=user,
                            folder=box.name,
                            uid_validity=box.uid_validity,
                            uid=mail.uid,
                        )

    def _untold(self) -> list[Place]:
        return [place for place in self._held() if not self._books.has(place)]

    async def _late(self) -> frozenset[Place]:
        """Return what was not told and is still under way; where the engine can not say, all of it."""
        untold = self._untold()
        if self._engine is not None:
            with contextlib.suppress(TimeoutError, VedetteError):
                async with asyncio.timeout(INQUEST):
                    return await under_way(self._engine.store, untold)
        return frozenset(untold)

    def verdict(self, *, visited: bool = False, late: frozenset[Place] = frozenset()) -> bool:
        """Write what the books say, as one line; return whether all is well.

        A person who visited the mailboxes may have read, moved and deleted. What is ``late`` is
        not lost.
        """
        balance, refused = self._books.balance(self._held(), late=late), self._receiver.refused
        touched = 0 if visited else self._touched()
        even = balance.is_complete if visited else balance.agrees
        if even and not refused and not touched:
            self.say(f"{balance}." if visited else f"{balance}; nothing was marked as read.")
            return True
        self.say(
            f"FAILED: the books do not agree: {balance}; {refused} signatures did not fit; "
            f"{touched} messages were touched."
        )
        return False

    async def close(self) -> None:
        """End everything, the engine first. Idempotent."""
        try:
            await self._stop_engine()
        finally:
            await self._receiver.stop()
            await self._server.stop()

    async def _open(self) -> None:
        """Start all parts, and wait until both accounts are watched."""
        password = Secret(secrets.token_hex(PASSWORD_OCTETS))
        for user in (ANNA, BRUNO):
            self._server.add(user, password, uses=[("Junk", "\\Junk")])
        try:
            await self._server.start()
            await self._receiver.start()
        except OSError as error:
            raise NetworkError(f"no port on 127.0.0.1 can be had: {error.strerror}") from error
        self.say("Vedette watches two mailboxes on a small IMAP server of its own and posts each")
        self.say(f"event to a webhook. All of it runs here: IMAP on port {self._server.port}, the")
        self.say(f"webhook at {self._receiver.url}. Times are from arrival to")
        self.say("the post whose signature was verified.")
        self._chapter("connecting", "Both accounts connect")
        await self._start_engine()
        await self._both_connected()

    async def _live(self) -> None:
        self._chapter("delivering mail", "Mail arrives")
        for letter in (
            messages.PLAIN,
            messages.NEWSLETTER,
            messages.REPLY,
            messages.GERMAN,
            messages.HOSTILE,
        ):
            await self._rest()
            await self._shown(self._deliver(letter))

    async def _guard(self) -> None:
        self._chapter(
            "guarding a mailbox",
            "A guard stands before both mailboxes (its lock is off, so that it can be taken back at once)",
        )
        await self._rest()
        place = self._deliver(messages.OFFER)
        async with self._patience.awaiting("what the guard did"):
            await self._receiver.until(lambda: APPLIED in self._actions)
        await self._rest()
        async with self._patience.awaiting("its being taken back"):
            if self._engine is not None:
                await self._engine.undo(self._actions[APPLIED])
            await self._receiver.until(lambda: UNDONE in self._actions)
        box = self._server.drops[place.account].mailboxes[place.folder]
        last = max(mail.uid for mail in box)
        await self._shown(dataclasses.replace(place, uid=last))

    async def _drop(self) -> None:
        self._chapter(
            "coming back after a lost connection",
            "The server drops every connection; two messages arrive while it is unreachable",
        )
        await self._rest()
        before = self._server.accepted
        self._connected.clear()
        self._server.cut()
        places = [self._deliver(messages.BOUNCE), self._deliver(messages.INVITATION)]
        await asyncio.sleep(ABSENCE)
        await self._server.start()
        for place in places:
            await self._shown(place)
        await self._both_connected()
        self.say(f"  {self._server.accepted - before} connections were made anew.")

    async def _restart(self) -> None:
        self._chapter(
            "coming back after a restart",
            "The engine stops and starts again on the same state; one message arrives meanwhile",
        )
        await self._rest()
        await self._stop_engine()
        self._connected.clear()
        place = self._deliver(messages.ATTACHMENT)
        await self._start_engine()
        await self._shown(place)
        await self._both_connected()
        # Time to see that the restart repeats nothing.
        await self._rest()

    async def _settled(self) -> None:
        """Wait until nothing is left to be posted."""
        async with self._patience.awaiting("the last posts"):
            while self._engine is not None and await is_posting(self._engine.store):  # noqa: ASYNC110 - the store has no event for "all posted"
                await asyncio.sleep(LOOK)

    def _chapter(self, doing: str, title: str) -> None:
        self.doing = doing
        self.say("")
        self.say(f"{title}.")

    async def _rest(self) -> None:
        await asyncio.sleep(self._pace)

    def _deliver(self, letter: Letter) -> Place:
        mail = self._server.deliver(letter.user, letter.octets(time.time()), folder=letter.folder)
        box = self._server.drops[letter.user].mailboxes[letter.folder]
        place = Place(
            account=letter.user, folder=box.name, uid_validity=box.uid_validity, uid=mail.uid
        )
        self._arrived[place] = time.monotonic()
        return place

    async def _shown(self, place: Place) -> None:
        """Wait until the event about a message came."""
        what = f"the event about message {place.uid} in {place.folder} of {place.account}"
        async with self._patience.awaiting(what):
            await self._receiver.until(lambda: self._books.has(place))

    async def _both_connected(self) -> None:
        """Wait until both came through a first sync since ``_connected`` was cleared, and told."""
        async with self._patience.awaiting("both accounts to be connected"):
            while len(self._connected) < len(self._server.drops):
                self._joined.clear()
                await self._joined.wait()
        await self._settled()

    def _joins(self, account: AccountId) -> None:
        self._connected.add(account)
        self._joined.set()

    def _touched(self) -> int:
        r"""Count the messages of the story that are gone or have a flag, such as \Seen."""
        touched = 0
        for place in self._arrived:
            if self._books.is_moved(place):
                continue
            box = self._server.drops[place.account].mailboxes.get(place.folder)
            mail = None if box is None else box.get(place.uid)
            touched += mail is None or bool(mail.flags)
        return touched

    async def _start_engine(self) -> None:
        self._engine = engine(
            self._server,
            state=self._folder / "state",
            url=self._receiver.url,
            key=self._key,
            on_connected=self._joins,
        )
        over = asyncio.create_task(self._engine.wait(), name="engine over")
        over.add_done_callback(self._over)
        self._watches.add(over)
        async with self._patience.awaiting("the engine to start"):
            await self._engine.start()

    def _over(self, watch: asyncio.Task[None]) -> None:
        """Wait no longer for an engine that crashed; ``close`` tells of it."""
        self._watches.discard(watch)
        if not watch.cancelled() and watch.exception() is not None:
            self._patience.end()

    async def _stop_engine(self) -> None:
        running = self._engine
        if running is not None:
            # Ours until it has stopped: whoever ends the story meanwhile waits for that too.
            await stop_within(running, DRAIN)
            self._engine = None
            if running.crash is not None:
                raise VedetteError(f"the engine crashed: {running.crash}") from running.crash

    def _taken(self, event: dict[str, Any]) -> None:
        """Show an event that was posted and verified."""
        place = self._books.enter(event)
        if event["type"] in {APPLIED, UNDONE}:
            self._actions[event["type"]] = ActionId(event["data"]["action"]["id"])
        began = None if place is None else self._arrived.get(place)
        took = None if began is None else (time.monotonic() - began) * 1000.0
        if not self._ended:
            self.say(f"  {telling.line(event, milliseconds=took)}")


async def _signalled() -> None:
    """Wait for a signal that asks to end; one after that ends the process as usual."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    # SIGHUP too: a terminal that is closed must not leave this behind.
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, asked.set)
    try:
        await asked.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
