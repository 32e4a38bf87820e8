"""Mailboxes of one server, each behind a fault proxy of its own, watched by one engine.

A line is one mailbox: what is put on its proxy no other line suffers. It must not know which
faults there are.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.books import Verdict, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import PATIENCE, QUICK, Watching, blocking, mailbox
from tests.support.fault_proxy import FaultProxy
from tests.support.toxics import Toxic
from vedette.config.settings import AccountSettings
from vedette.errors import VedetteError
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId
from vedette.ports.link import Encryption
from vedette.ports.store import EventQuery
from vedette.sync.cadence import Tempo

BOTH = (Encryption.IMPLICIT, Encryption.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failure of an account; ``at`` is on the loop's clock."""

    error: VedetteError
    at: float


class Witness(Watching):
    """A watching that keeps the failures of each account apart."""

    def __init__(self, *accounts: AccountSettings, state: Path, tempo: Tempo) -> None:
        self.story: dict[AccountId, list[Failure]] = defaultdict(list)
        super().__init__(*accounts, state=state, tempo=tempo)

    def _failed(self, account: AccountId, error: VedetteError) -> None:
        self.story[account].append(Failure(error=error, at=asyncio.get_running_loop().time()))
        super()._failed(account, error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One mailbox and the proxy before it; the account has the name of the user."""

    user: str
    proxy: FaultProxy
    encryption: Encryption

    @property
    def account(self) -> AccountId:
        return AccountId(self.user)


class Lines:
    """What a test plays with."""

    def __init__(self, server: Dovecot, lines: Sequence[Line], watching: Witness) -> None:
        self.server = server
        self.watching = watching
        self.lines = lines

    async def deliver(self, count: int = 1, *, body: bytes = b"hello\r\n") -> None:
        """Deliver so many messages on every line, and expect them."""
        for line in self.lines:
            tokens = [new_token() for _ in range(count)]
            self.watching.books.expect(tokens)
            letters = [letter(token, body=body) for token in tokens]
            await blocking(self.server.deliver_many, line.user, letters)

    async def until_all_came(self, within: float = PATIENCE) -> None:
        """Wait until nothing that is expected is missing."""
        await self.watching.until_all_came(within)

    def failures(self, line: Line) -> list[Failure]:
        """Return what failed on a line, oldest first."""
        return self.watching.story[line.account]

    async def until_failed(self, times: int) -> None:
        """Wait until every line failed so often."""

        def failed() -> bool:
            return all(len(self.failures(line)) >= times for line in self.lines)

        await self.watching.until(failed, f"{times} failures of each line")

    async def until_health(self, condition: Callable[[Health], bool], what: str) -> None:
        """Wait until every account is so."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not all(map(condition, healths := self.watching.engine.healths)):
            assert loop.time() < deadline, f"no {what} in {PATIENCE:g} s: {healths}"
            await asyncio.sleep(0.01)

    async def events(self) -> list[dict[str, Any]]:
        """Return the messages' events as they were committed."""
        query = EventQuery(types=("message.received",), limit=10_000)
        stored = await self.watching.engine.store.events(query)
        return [json.loads(each.body) for each in stored]

    def check(self) -> Verdict:
        """Hold what was delivered against what the server holds; raise if they differ."""
        books = self.watching.books
        books.expected.clear()
        for line in self.lines:
            books.expect_held(self.server.holdings(line.user))
        return books.check()


def is_well(health: Health) -> bool:
    return health.state is AccountState.CONNECTED and health.error is None


@asynccontextmanager
async def watched(
    server: Dovecot,
    user: str,
    state: Path,
    encryptions: Iterable[Encryption] = BOTH,
    *,
    tempo: Tempo = QUICK,
) -> AsyncIterator[Lines]:
    """Watch a mailbox for each encryption, every one connected and synced once."""
    async with AsyncExitStack() as stack:
        lines = []
        for number, encryption in enumerate(encryptions):
            tls = encryption is Encryption.IMPLICIT
            proxy = FaultProxy(server.host, server.tls_port if tls else server.port)
            await stack.enter_async_context(proxy)
            lines.append(Line(user=f"{user}-{number}", proxy=proxy, encryption=encryption))
        boxes = [
            mailbox(
                line.user,
                name=line.user,
                port=line.proxy.port,
                ca_file=server.ca_file,
                encryption=line.encryption,
            )
            for line in lines
        ]
        watching = await stack.enter_async_context(Witness(*boxes, state=state, tempo=tempo))
        await watching.until_connected(len(lines))
        yield Lines(server, lines, watching)


def put(lines: Lines, make: Callable[[], Toxic]) -> list[tuple[Line, Toxic]]:
    """Put a toxic of its own on each line."""
    toxics = [(line, make()) for line in lines.lines]
    for line, toxic in toxics:
        line.proxy.put(toxic)
    return toxics


def take(toxics: Iterable[tuple[Line, Toxic]]) -> None:
    """Take the toxics off again."""
    for line, toxic in toxics:
        line.proxy.take(toxic)
