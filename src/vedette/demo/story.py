"""What ``vedette demo`` shows, in four short chapters, and whether the books agree at the end.

::

    mail arrives while both accounts are watched      each event as one line
    the server drops every connection                 two messages arrive meanwhile
    the engine stops and starts on the same state     one message arrives meanwhile
    the books                                         the mailboxes against the webhook

Everything is real but the mail: the engine, its state on disk, the protocol, the webhook.
It must not know how any of them works.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any, Final, TextIO

from vedette.app.engine import Engine
from vedette.app.run import Stopper
from vedette.demo import messages, telling
from vedette.demo.books import Balance, Books, Place
from vedette.demo.engine import engine
from vedette.demo.messages import ANNA, BRUNO, Letter
from vedette.demo.receiver import Receiver
from vedette.demo.server import DemoServer
from vedette.errors import VedetteError
from vedette.model.account import AccountState
from vedette.secret import Secret

#: Seconds between two things that a person is to read.
PACE: Final = 1.1
#: Seconds for the whole story; half of it is what it takes on a slow machine.
PATIENCE: Final = 28.0
#: Seconds in which the last events of a long stay may still come.
SETTLING: Final = 3.0
#: Seconds between two looks at whether both accounts are connected.
LOOK: Final = 0.05
#: Octets of a signing key: 256 bits, as much as HMAC-SHA256 takes in.
KEY_OCTETS: Final = 32


async def tell(out: TextIO, *, stay: bool, pace: float = PACE) -> int:
    """Tell the story to ``out``; return 0 if the books agree, else 1.

    With ``stay`` everything is kept up until SIGINT or SIGTERM, and how to send mail
    to it is told. Raises VedetteError or OSError when the machine lets nothing start.
    """
    stopper = Stopper()
    if stay:
        stopper.install()
    with tempfile.TemporaryDirectory(prefix="vedette-demo-") as folder:
        story = _Story(out, Path(folder), pace)
        try:
            try:
                async with asyncio.timeout(PATIENCE):
                    balance = await story.told()
            except TimeoutError:
                story.say(f"FAILED: not done within {PATIENCE:.0f} s, while {story.doing}.")
                balance = story.balance()
                story.say(f"{balance}.")
                return 1
            if stay and not stopper.asked.is_set():
                balance = await story.stay(stopper)
        finally:
            await story.close()
    return 0 if story.verdict(balance) else 1


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

    def say(self, text: str) -> None:
        """Write one line, at once."""
        self._out.write(f"{text}\n")
        self._out.flush()

    async def told(self) -> Balance:
        """Tell all chapters; return what the books say."""
        await self._open()
        await self._live()
        await self._drop()
        await self._restart()
        self.doing = "comparing the books"
        return self.balance()

    async def stay(self, stopper: Stopper) -> Balance:
        """Keep everything up until told to stop; return what the books say then."""
        password = self._server.drops[ANNA].password.reveal()
        url = f"imap://{self._server.host}:{self._server.port}"
        self.say("")
        self.say("Everything stays up; Ctrl-C ends it. Two mailboxes can be used by any mail")
        self.say(f"program, without TLS: {url}/INBOX")
        self.say(f"  users {ANNA} and {BRUNO}, password {password}")
        self.say("To put a message into one and see its event here:")
        self.say(
            "  printf 'From: me@here.example\\r\\nSubject: Hello\\r\\n\\r\\nHello!\\r\\n' | "
            f"curl -sS --user {ANNA}:{password} {url}/INBOX -T -"
        )
        await stopper.asked.wait()
        try:
            async with asyncio.timeout(SETTLING):
                await self._receiver.until(lambda: self.balance().agrees)
        except TimeoutError:
            # What is missing now is missing: the books say so.
            return self.balance()
        return self.balance()

    def balance(self) -> Balance:
        """Compare every mailbox of the server with what the webhook was told."""
        return self._books.balance(
            Place(account=user, folder=box.name, uid_validity=box.uid_validity, uid=mail.uid)
            for user, drop in self._server.drops.items()
            for box in drop.mailboxes.values()
            for mail in box
        )

    def verdict(self, balance: Balance) -> bool:
        """Write the last line; return whether all is well."""
        refused = self._receiver.refused
        if balance.agrees and not refused:
            self.say(f"{balance}.")
            return True
        self.say(f"FAILED: the books do not agree: {balance}; {refused} signatures did not fit.")
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
        for user in (ANNA, BRUNO):
            password = Secret(secrets.token_urlsafe(9))
            self._server.add(user, password, uses=[("Junk", "\\Junk")])
        await self._server.start()
        await self._receiver.start()
        self.say("Vedette watches two mailboxes on a small IMAP server of its own and posts each")
        self.say(f"event to a webhook. All of it runs here: IMAP on port {self._server.port}, the")
        self.say(f"webhook at {self._receiver.url}.")
        self._chapter("connecting", "Both accounts connect")
        await self._start_engine()
        await self._both_connected()

    async def _live(self) -> None:
        self._chapter("delivering mail", "Mail arrives")
        for letter in (messages.PLAIN, messages.NEWSLETTER, messages.REPLY, messages.GERMAN):
            await self._rest()
            await self._shown([self._deliver(letter)])
        await self._rest()
        await self._shown([self._deliver(messages.HOSTILE)])

    async def _drop(self) -> None:
        self._chapter(
            "coming back after a lost connection",
            "The server drops every connection; two messages arrive while it is unreachable",
        )
        await self._rest()
        before = self._server.accepted
        self._server.cut()
        places = [self._deliver(messages.BOUNCE), self._deliver(messages.INVITATION)]
        await self._rest()
        await self._server.start()
        await self._shown(places)
        await self._both_connected()
        self.say(f"  {self._server.accepted - before} connections were made anew.")

    async def _restart(self) -> None:
        self._chapter(
            "coming back after a restart",
            "The engine stops and starts again on the same state; one message arrives meanwhile",
        )
        await self._rest()
        await self._stop_engine()
        place = self._deliver(messages.ATTACHMENT)
        await self._start_engine()
        await self._shown([place])
        await self._both_connected()
        # Long enough for whatever a restart might repeat to be posted a second time.
        await self._rest()
        self._chapter(
            "comparing the books", "The books: what the mailboxes hold, and what was told"
        )

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

    async def _shown(self, places: list[Place]) -> None:
        """Wait until events about all of these came; the story's own deadline ends it."""
        await self._receiver.until(lambda: all(self._books.has(place) for place in places))

    async def _both_connected(self) -> None:
        """Wait until both accounts are connected now; a health has no event to wait on."""
        while self._engine is not None:
            states = [health.state for health in self._engine.healths]
            if self._server.connections >= len(states) and all(
                state is AccountState.CONNECTED for state in states
            ):
                return
            await asyncio.sleep(LOOK)

    async def _start_engine(self) -> None:
        state = self._folder / "state"
        self._engine = engine(self._server, state=state, url=self._receiver.url, key=self._key)
        await self._engine.start()

    async def _stop_engine(self) -> None:
        running, self._engine = self._engine, None
        if running is not None:
            await running.stop()
            if running.crash is not None:
                raise VedetteError(f"the engine crashed: {running.crash}") from running.crash

    def _taken(self, event: dict[str, Any]) -> None:
        """Show an event that was posted and verified."""
        place = self._books.enter(event)
        began = None if place is None else self._arrived.get(place)
        took = None if began is None else (time.monotonic() - began) * 1000.0
        self.say(f"  {telling.line(event, milliseconds=took)}")
