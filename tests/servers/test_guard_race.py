"""Several clients act on the same message at the same time: one final copy, one journal entry (G3)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.books import Books, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, guarded, held, unwanted
from vedette.crashpoint import Crashpoint
from vedette.model.action import ActionState, JournalEntry
from vedette.ports.journal import JournalQuery

pytestmark = pytest.mark.server

SETTLED = {ActionState.DONE, ActionState.GONE}


class Rival:
    """A mail program of the user that moves whatever is there the moment that a guard is about to."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self._server = server
        self._user = user
        self._now = threading.Event()
        self._over = False

    def point(self, reached: Crashpoint) -> None:
        """Take the place of the engine's points: a guard sends its commands next."""
        if reached is Crashpoint.ACTION_SENT:
            self._now.set()

    def end(self) -> None:
        """Let it go."""
        self._over = True
        self._now.set()

    def run(self) -> None:
        """Move, each time that it is time."""
        with self._server.client(self._user) as client:
            client.create(QUARANTINE)
            client.select("INBOX")
            while self._now.wait(60) and not self._over:
                self._now.clear()
                client.uid("MOVE", "1:*", QUARANTINE)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what no event tells of."""
    async with asyncio.timeout(60):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def pair(server: Dovecot, user: str, folder: Path) -> AsyncIterator[list[Watching]]:
    """Watch one mailbox with two instances, each with a guard and a state of its own."""
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(
                guarded(
                    mailbox(user, port=server.tls_port, ca_file=server.ca_file, name=name),
                    state=folder / name,
                    books=Books(),
                )
            )
            for name in ("one", "two")
        ]
        for each in both:
            await each.until_connected()
        yield both


async def journals(watchings: Sequence[Watching]) -> list[list[JournalEntry]]:
    """Return the entries of each instance."""
    return [await each.engine.store.journal(JournalQuery(limit=200)) for each in watchings]


async def is_settled(watchings: Sequence[Watching]) -> bool:
    """Tell whether no action of any instance is under way."""
    found = await journals(watchings)
    return all(entry.state in SETTLED for entries in found for entry in entries)


async def test_two_instances_leave_one_copy(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """Each moves what it sees; what both moved lies in quarantine once in the end."""
    tokens = [new_token() for _ in range(10)]
    async with pair(dovecot, user, tmp_path) as both:
        for token in tokens:
            await blocking(dovecot.deliver, user, unwanted(token))

        async def is_over() -> bool:
            entries = [entry for own in await journals(both) for entry in own]
            return (
                all(entry.state in SETTLED for entry in entries)
                and len({entry.origin.uid for entry in entries}) >= len(tokens)
                and sorted(held(dovecot, user).get(QUARANTINE, [])) == sorted(tokens)
            )

        await until(is_over)

    assert sorted(held(dovecot, user)[QUARANTINE]) == sorted(tokens)
    assert "INBOX" not in held(dovecot, user)


async def test_the_users_client_takes_messages_away_meanwhile(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Whatever it was faster with is gone for us; nothing is acted on twice, or left over."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    tokens = [new_token() for _ in range(10)]
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()

        def take() -> None:
            with dovecot.client(user) as client:
                for token in tokens:
                    dovecot.deliver(user, unwanted(token))
                    client.select("INBOX")
                    client.uid("MOVE", "1:*", "Archive")

        await blocking(take)

        async def is_over() -> bool:
            return await is_settled([watching]) and "INBOX" not in held(dovecot, user)

        await until(is_over)
        [entries] = await journals([watching])

    found = held(dovecot, user)
    assert set(found.get("Archive", [])) | set(found.get(QUARANTINE, [])) == set(tokens)
    uids = [each.origin.uid for each in entries]
    assert len(uids) == len(set(uids))


async def test_two_instances_and_the_user_leave_one_copy(
    dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three move each message to one folder at the same time: one copy, one entry each (G3)."""
    rival = Rival(dovecot, user)
    monkeypatch.setattr("vedette.engine.desk.crashpoint", rival.point)
    monkeypatch.setattr("vedette.engine.steward.MINUTE", 1.0)
    tokens = [new_token() for _ in range(60)]
    async with pair(dovecot, user, tmp_path) as both:

        async def acted() -> bool:
            return await is_settled(both) and "INBOX" not in held(dovecot, user)

        async def tidied() -> bool:
            return len(held(dovecot, user)[QUARANTINE]) <= len(tokens)

        third = asyncio.create_task(blocking(rival.run))
        try:
            for start in range(0, len(tokens), 5):
                letters = [unwanted(token) for token in tokens[start : start + 5]]
                await blocking(dovecot.deliver_many, user, letters)
                await until(acted)
        finally:
            rival.end()
            await third
        await until(tidied)
        written = await journals(both)

    assert sorted(held(dovecot, user)[QUARANTINE]) == sorted(tokens)
    for entries in written:
        uids = [entry.origin.uid for entry in entries]
        assert len(uids) == len(set(uids))
