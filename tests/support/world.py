"""The real engine in a world of our own: virtual time, links and a store in memory.

Must not know what a server says; it is given a dialer. ``Watch`` holds what a test asks
about: the events, the cursor, the health, and every word that the client ever sent.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.clock import START, VirtualClock
from tests.support.memory_store import MemoryStore
from tests.support.wire import WireDialer
from vedette import mime
from vedette.engine.assignment import Assignment
from vedette.engine.guarding import Guarding, Post
from vedette.engine.supervisor import Supervisor
from vedette.engine.world import World
from vedette.model.account import (
    NOTHING_ASKED,
    Account,
    Beginning,
    Cover,
    Credentials,
    Demand,
    Health,
)
from vedette.model.cursor import Cursor, FolderState
from vedette.model.ids import AccountId, TenantId
from vedette.outbox.directory import Directory
from vedette.ports.link import Encryption, Target
from vedette.ports.store import EventQuery
from vedette.secret import Secret
from vedette.sync.cadence import Tempo

ACCOUNT = AccountId("joe")

DAY = 86_400.0

#: Turns of the loop after which nothing is under way any more that needs no time.
TURNS = 200

#: What an observer never says: it writes nothing, counts by UID, and reads with PEEK.
FORBIDDEN = re.compile(
    rb"^\S+ (?:(?:UID )?(?:STORE|COPY|MOVE|EXPUNGE)|(?:FETCH|SEARCH|SELECT|CLOSE|APPEND|CREATE"
    rb"|DELETE|RENAME|SUBSCRIBE|COMPRESS)\b|.*(?:BODY\[|RFC822[ )]))",
    re.IGNORECASE,
)

#: What a guard never says either: it takes no other client's mail away, and reads with PEEK.
NEVER = re.compile(
    rb"^\S+ (?:EXPUNGE|CLOSE|DELETE|RENAME|SUBSCRIBE|STORE|COPY|MOVE|FETCH|SEARCH)\b"
    rb"|^\S+ .*(?:BODY\[|RFC822[ )])",
    re.IGNORECASE,
)

LOGIN = re.compile(rb"^\S+ (?:LOGIN|AUTHENTICATE)\b")


class PlainReader:
    """Reads every message here and now."""

    async def read(
        self,
        source: bytes | Path,
        *,
        depth: mime.Depth,
        trusted_authserv: Collection[str],
        size: int | None,
        isolate: bool = False,
        shown: bool = False,
    ) -> mime.Message:
        octets = _octets(source)
        return mime.read(
            octets, depth=depth, trusted_authserv=trusted_authserv, size=size, shown=shown
        )


def _octets(source: bytes | Path) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


@dataclass(slots=True, kw_only=True)
class Setting:
    """What is given before a watch begins. ``read`` is how far each folder had been read."""

    folders: tuple[str, ...] = ("INBOX",)
    read: dict[bytes, Cursor] = field(default_factory=dict)
    user: str = "joe"
    password: str | None = "pass"
    token: str | None = None
    encryption: Encryption = Encryption.IMPLICIT
    beginning: Beginning = field(default_factory=Beginning)
    cover: Cover = Cover.POLL
    max_message: int = 50 * 1024 * 1024
    tempo: Tempo = field(default_factory=Tempo)
    posts: tuple[Post, ...] = ()
    demand: Demand = NOTHING_ASKED


class Watch:
    """One account watched by a real supervisor. ``restart`` is a crash of the process."""

    def __init__(self, setting: Setting, dialer: WireDialer, spool: Path) -> None:
        self.setting = setting
        self.dialer = dialer
        self.clock = VirtualClock()
        self.dice = 0.5
        self.store = MemoryStore(self.clock)
        for path, cursor in setting.read.items():
            self.store.state.folders[ACCOUNT, path] = FolderState(path=path, cursor=cursor)
        self._spool = spool
        self.supervisor = self._supervisor()

    async def start(self) -> None:
        await self.store.start()
        await self.supervisor.start()
        await self.assign()

    async def assign(self) -> None:
        """Hand the account, as the setting has it now, to the supervisor."""
        await self.supervisor.assign([self.assignment()])

    async def restart(self) -> None:
        """End the process as a crash does not: in an orderly way; then begin anew."""
        await self.supervisor.stop()
        self.store = MemoryStore(self.clock, self.store.state)
        self.supervisor = self._supervisor()
        await self.start()

    async def stop(self) -> None:
        """End, and hold that nothing is left behind: no task, no open link (C2, C9)."""
        await self.supervisor.stop()
        await quiet()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left behind: {left}"
        assert not any(wire.is_open for wire in self.dialer.wires), "a link is left open"
        never = NEVER if self.setting.posts else FORBIDDEN
        forbidden = [line for line in self.said() if never.match(line)]
        assert forbidden == [], "this must not be said"

    def assignments(self, count: int) -> list[Assignment]:
        """Return as many accounts, all alike but for their names."""
        one = self.assignment()
        accounts = [replace(one.account, id=AccountId(f"joe-{n}")) for n in range(count)]
        return [Assignment(account=account, target=one.target) for account in accounts]

    def assignment(self) -> Assignment:
        setting = self.setting
        password = None if setting.password is None else Secret(setting.password)
        token = None if setting.token is None else Secret(setting.token)
        account = Account(
            id=ACCOUNT,
            tenant=TenantId("tenant"),
            email="joe@example.org",
            credentials=Credentials(user=setting.user, password=password, token=token),
            folders=setting.folders,
            beginning=setting.beginning,
            cover=setting.cover,
            max_message=setting.max_message,
            demand=setting.demand,
        )
        port = 993 if setting.encryption is Encryption.IMPLICIT else 143
        target = Target(host="mail.example.org", port=port, encryption=setting.encryption)
        return Assignment(account=account, target=target)

    # What became of it.

    @property
    def health(self) -> Health:
        return self.supervisor.healths[0]

    def events(self, kind: str = "*") -> list[dict[str, Any]]:
        """Return the events of a type, as they are delivered, oldest first."""
        found = self.store._select(EventQuery(types=(kind,), limit=100_000))
        return [json.loads(posting.body) for posting in reversed(found)]

    def uids(self, kind: str = "message.received") -> list[int]:
        return [event["data"]["uid"] for event in self.events(kind)]

    def state(self, path: bytes = b"INBOX") -> FolderState | None:
        return self.store.state.folders.get((ACCOUNT, path))

    def said(self) -> list[bytes]:
        """Return every line that the client sent, on all connections."""
        return [line for wire in self.dialer.wires for line in b"".join(wire.sent).split(b"\r\n")]

    def logins(self) -> int:
        return sum(bool(LOGIN.match(line)) for line in self.said())

    def _supervisor(self) -> Supervisor:
        return Supervisor(
            World(
                dialer=self.dialer,
                store=self.store,
                reader=PlainReader(),
                clock=self.clock,
                dice=lambda: self.dice,
                endpoints=Directory,
                wake=lambda _endpoints: None,
                spool=str(self._spool),
                tempo=self.setting.tempo,
                guards=Guarding(self.setting.posts),
                journal=self.store,
            )
        )


async def quiet() -> None:
    """Let everything happen that needs no time."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def cursor(validity: int, last: int, *, first: int = 0, since: float = START - DAY) -> Cursor:
    """Return a cursor of a folder that has been watched for a day."""
    return Cursor(uid_validity=validity, last_uid=last, first_uid=first, since=since)
