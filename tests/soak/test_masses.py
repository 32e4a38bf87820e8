"""Fifty thousand messages come to one folder at once: nobody else waits for them.

Virtual time, a server in memory. That server's own work for a message must not grow with the
folder, so it is one that serves numbers alone: any message of it is made when it is asked for.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.census import taken
from tests.support.clock import elapsed, run
from tests.support.dialog import mail
from tests.support.memory_store import MemoryStore
from tests.support.wire import Wire, WireDialer
from tests.support.world import Setting, Watch, cursor, quiet
from vedette.model.account import Credentials
from vedette.model.cursor import FolderState
from vedette.model.ids import AccountId, EventId
from vedette.ports.store import Commit, Verdict
from vedette.secret import Secret

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MASS = 50_000
#: The mailbox into which they are copied, and those beside it.
MAILBOXES = 4
FULL = AccountId("joe-0")
BESIDE = [AccountId(f"joe-{n}") for n in range(1, MAILBOXES)]

#: Messages of the mass told between two looks at the others: each time one mail comes to each.
EVERY = 5_000
#: Seconds from a command to its answer; the mass takes 40 seconds so.
LATENCY = 0.05
#: Seconds until mail that came beside the mass is told: a FETCH, and what an engine may wait for
#: more of the same. The mass behind which it must not queue is far longer.
PATIENCE = 2.0
#: MiB that may be held beyond what the first messages took: the list of 50,000 UIDs, here at the
#: server's end as text and as numbers (5 MiB), a step of 64 messages, the ids of all
#: events (7 MiB), and what the allocator keeps. All events at once would be over 100 MiB.
GROWTH = 16.0

SECRET = Secret("pass")
LINE = re.compile(r"(?P<tag>\S+) (?P<verb>UID \w+|\w+) ?(?P<rest>.*)")


class Mailbox:
    """A folder that holds UIDs 1 to ``count``, to whoever logs in under its number."""

    def __init__(self) -> None:
        self.count = 0
        self.talks: list[Talk] = []

    def copy(self, count: int) -> None:
        """Let that many arrive at once."""
        self.count += count
        for talk in self.talks:
            talk.arrival()


class Talk:
    """One connection, to the mailbox that its LOGIN names."""

    def __init__(self, wire: Wire, mailboxes: list[Mailbox]) -> None:
        self._wire = wire
        self._mailboxes = mailboxes
        self._mailbox = Mailbox()
        self._idle = ""
        self._told = 0
        self._heard: deque[bytes] = deque()
        wire.on_data = self._hear
        self._say("* OK [CAPABILITY IMAP4rev1 IDLE] ready")

    def arrival(self) -> None:
        if self._idle:
            self._tell()

    def _tell(self) -> None:
        if self._told != self._mailbox.count:
            self._told = self._mailbox.count
            self._say(f"* {self._told} EXISTS")

    def _say(self, *lines: str) -> None:
        self._wire.feed("".join(f"{line}\r\n" for line in lines).encode())

    def _hear(self, data: bytes) -> None:
        self._heard.append(data)
        asyncio.get_running_loop().call_later(LATENCY, self._answer)

    def _answer(self) -> None:
        data = self._heard.popleft()
        # What only a test keeps.
        self._wire.sent.clear()
        for line in data.decode().splitlines():
            if line == "DONE":
                self._say(f"{self._idle} OK done")
                self._idle = ""
                continue
            found = LINE.fullmatch(line)
            assert found is not None, f"the client said {line!r}"
            self._serve(found["tag"], found["verb"], found["rest"])

    def _serve(self, tag: str, verb: str, rest: str) -> None:
        if verb == "LOGIN":
            number = re.search(r"\d+", rest)
            assert number is not None
            self._mailbox = self._mailboxes[int(number[0])]
            self._mailbox.talks.append(self)
        elif verb == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1 IDLE")
        elif verb == "EXAMINE":
            self._told = self._mailbox.count
            self._say(
                f"* {self._told} EXISTS",
                "* OK [UIDVALIDITY 7] valid",
                f"* OK [UIDNEXT {self._told + 1}] next",
            )
        elif verb == "LIST":
            self._say('* LIST () "/" INBOX')
        elif verb == "UID SEARCH":
            uids = self._uids(rest.split(" ", 2)[1])
            self._say(" ".join(["* SEARCH", *map(str, uids)]))
        elif verb == "UID FETCH":
            for uid in self._uids(rest.split(" ", 1)[0]):
                self._send(uid)
        elif verb == "IDLE":
            self._tell()
            self._idle = tag
            self._say("+ idling")
            return
        self._tell()
        self._say(f"{tag} OK done")

    def _send(self, uid: int) -> None:
        data = mail(uid)
        row = b'* %d FETCH (UID %d INTERNALDATE "14-Nov-2023 22:13:20 +0000" RFC822.SIZE %d '
        self._wire.feed(
            row % (uid, uid, len(data)) + b"BODY[]<0> {%d}\r\n%b)\r\n" % (len(data), data)
        )

    def _uids(self, numbers: str) -> list[int]:
        last = self._mailbox.count
        found: set[int] = set()
        for part in numbers.split(","):
            low, _, high = part.partition(":")
            top = last if high == "*" else int(high or low)
            found.update(range(int(low), min(top, last) + 1))
            if high == "*" and last:
                found.add(last)
        return sorted(found)


class Ledger(MemoryStore):
    """A store that counts what is told, calls ``at_step`` now and then, and keeps no event."""

    def prepare(self, at_step: Callable[[], None]) -> None:
        self.at_step = at_step
        self.told: Counter[AccountId] = Counter()
        self.times = bytearray(MASS + 1)
        self.steps = 0
        #: For each mail beside the mass: after how many seconds it was told.
        self.waits: list[float] = []
        self.came_at: dict[AccountId, deque[float]] = {each: deque() for each in BESIDE}
        self.resident: list[float] = []
        self.done = asyncio.Event()
        self.ids: set[EventId] = set()

    async def commit(self, commit: Commit) -> Verdict:
        verdict = await super().commit(commit)
        assert verdict is Verdict.DONE
        self.ids.update(self.state.events)
        mails = [each for each in commit.postings if each.type == "message.received"]
        before = self.told[commit.account] // EVERY
        self.told[commit.account] += len(mails)
        if commit.account == FULL:
            self.steps += 1
            for each in mails:
                found = re.search(rb'"uid": ?(\d+)', each.body)
                assert found is not None
                self.times[int(found[1])] += 1
            if self.told[FULL] // EVERY > before:
                self.resident.append(taken().resident)
                self.at_step()
            if self.told[FULL] >= MASS:
                self.done.set()
        for _ in mails if commit.account != FULL else ():
            self.waits.append(elapsed() - self.came_at[commit.account].popleft())
        for part in (self.state.events, self.state.points, self.state.deliveries, self.state.seen):
            part.clear()
        return verdict

    async def stored(self, events: Sequence[EventId]) -> frozenset[EventId]:
        return frozenset(events) & self.ids


def test_fault_21_a_mass_of_messages_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Each is told once, in steps; other mailboxes take turns with it; memory stays flat."""
    store = run(_told(tmp_path))

    assert store.times[1:] == bytes([1]) * MASS
    # In steps of 64, of which a few may be cut short.
    assert MASS / 64 <= store.steps < MASS / 64 * 1.1
    assert len(store.waits) == len(BESIDE) * (MASS // EVERY)
    assert max(store.waits) <= PATIENCE
    assert max(store.resident) - store.resident[0] < GROWTH


async def _told(spool: Path) -> Ledger:
    mailboxes = [Mailbox() for _ in range(MAILBOXES)]
    dialer = WireDialer(lambda wire: _accept(wire, mailboxes))
    watch = Watch(Setting(), dialer, spool)
    watch.store = store = Ledger(watch.clock, watch.store.state)
    watch.supervisor = watch._supervisor()

    def one_beside() -> None:
        for number, account in enumerate(BESIDE, 1):
            store.came_at[account].append(elapsed())
            mailboxes[number].copy(1)

    store.prepare(one_beside)
    for account in (FULL, *BESIDE):
        known = FolderState(path=b"INBOX", cursor=cursor(7, 0))
        store.state.folders[account, b"INBOX"] = known
    await store.start()
    await watch.supervisor.start()
    await watch.supervisor.assign(
        [
            replace(
                each,
                account=replace(
                    each.account, credentials=Credentials(user=each.account.id, password=SECRET)
                ),
            )
            for each in watch.assignments(MAILBOXES)
        ]
    )
    await asyncio.sleep(10)
    mailboxes[0].copy(MASS)
    await asyncio.wait_for(store.done.wait(), 600)
    # What would be told twice would be told now.
    await asyncio.sleep(600)
    await watch.stop()
    await quiet()
    return store


def _accept(wire: Wire, mailboxes: list[Mailbox]) -> None:
    Talk(wire, mailboxes)
