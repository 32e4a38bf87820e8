"""Several ``vedette serve`` on one Postgres and one mail server, and their books.

Each instance is a process with a configuration, a state folder and a file of events of its own.
It must not know what a test does to them.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import cycle
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg

from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from tests.support.service import PATIENCE, Configuration, Service, account
from vedette.model.ids import AccountId
from vedette.ownership.shard import InstanceId, shard_of
from vedette.ownership.wish import Instance, Wishes


class Instances:
    """A context manager that ends all of them."""

    def __init__(self, folder: Path, server: Dovecot, url: str, users: Iterable[str]) -> None:
        self.folder = folder
        self.server = server
        self.url = url
        self.users = list(users)
        self.services: dict[str, Service] = {}
        self._sent: dict[str, int] = defaultdict(int)
        self._came: dict[tuple[str, str], float] = {}
        self._stack = ExitStack()

    def configured(self, name: str, *, more: str = "") -> Path:
        """Write the configuration of an instance; return the file."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        port, ca_file = self.server.tls_port, self.server.ca_file
        config = Configuration(
            file=folder / "vedette.toml",
            state=folder / "state",
            accounts={each: account(each, port=port, ca_file=ca_file) for each in self.users},
            endpoints={"file": f'type = "file"\npath = "{folder / "events.jsonl"}"'},
            tail=f'[store]\nurl = "{self.url}"\ninstance = "{name}"\n{more}',
        )
        config.write()
        return config.file

    def start(self, name: str) -> Service:
        """Start an instance; a name that ran before gets its files back."""
        file = self.configured(name)
        service = Service(["serve", "--config", str(file)], folder=file.parent)
        self.services[name] = self._stack.enter_context(service)
        return service

    def start_all(self, *names: str) -> None:
        """Start instances, and wait until all mailboxes are watched and each has its part."""
        for name in names:
            self.start(name)
        self.until_watched()

    def restart(self, name: str) -> Service:
        """Start an instance again that ended, and keep what its file of events holds."""
        events = self.folder / name / "events.jsonl"
        events.rename(events.with_name(f"events-{time.monotonic_ns()}.jsonl"))
        return self.start(name)

    @contextmanager
    def load(self, *, pause: float) -> Iterator[None]:
        """Deliver one message after the other meanwhile, to one mailbox after the other."""
        over = threading.Event()

        def run() -> None:
            for user in cycle(self.users):
                if over.wait(pause):
                    return
                number = self._sent[user]
                self._sent[user] += 1
                self.server.deliver(user, b"Subject: %d\r\n\r\n.\r\n" % number)
                self._came[user, str(number)] = time.time()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PATIENCE)

    def ages(self) -> list[float]:
        """Return for each message of a load how long it took from its arrival to its event."""
        told = self._told()
        return [max(0.0, told[key] - came) for key, came in self._came.items()]

    def _told(self) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for event in self._events():
            key = (event["account"], event["data"]["subject"])
            at = event["data"]["timing"]["committed"]
            found[key] = min(found.get(key, inf), datetime.fromisoformat(at).timestamp())
        return found

    def _events(self) -> Iterator[dict[str, Any]]:
        for path in self.folder.glob("*/events*.jsonl"):
            for line in path.read_text().splitlines():
                event = json.loads(line)
                if event["type"] == "message.received":
                    yield event

    def deliver(self, *, each: int = 1) -> None:
        """Deliver messages to every mailbox."""
        for user in self.users:
            first = self._sent[user]
            self._sent[user] += each
            self.server.deliver_many(
                user, [b"Subject: %d\r\n\r\n.\r\n" % (first + number) for number in range(each)]
            )

    def watched(self, name: str, *, since: int = 0) -> list[str]:
        """Return the accounts that an instance began to watch, from an octet of its log on."""
        lines = self.services[name].err[since:].splitlines()
        told = [json.loads(line) for line in lines if '"account.watched"' in line]
        return [str(each["account"]) for each in told]

    def until_watched(self, *, within: float = PATIENCE) -> None:
        """Wait until every mailbox has one session on the server."""

        def one_each() -> bool:
            for name, service in self.services.items():
                status = service.process.poll()
                assert status in {None, 0, -9}, f"{name} ended with {status}: {service.err[-2000:]}"
            return all(len(self.server.session_pids(user)) == 1 for user in self.users)

        wait_until(one_each, within=within, what="each mailbox to have its session")

    def received(self) -> dict[tuple[str, str], set[str]]:
        """Return the ids of the events of each message, by mailbox and subject."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for event in self._events():
            found[event["account"], event["data"]["subject"]].add(event["id"])
        return found

    def until_received(self, *, within: float = PATIENCE) -> None:
        """Wait until an event was delivered for every message that was sent."""
        want = {(user, str(number)) for user in self.users for number in range(self._sent[user])}

        def missing() -> set[tuple[str, str]]:
            return want - self.received().keys()

        try:
            wait_until(lambda: not missing(), within=within, what="every message to be told of")
        except TimeoutError as error:
            raise AssertionError(f"lost: {sorted(missing())}") from error

    def doubles(self) -> dict[tuple[str, str], set[str]]:
        """Return the messages that were told of under more than one id."""
        return {key: ids for key, ids in self.received().items() if len(ids) > 1}

    async def owners(self) -> dict[str, str | None]:
        """Return the owner of each mailbox, as the table has it."""
        rows = await self.ask("SELECT id, owner FROM shard")
        by_shard = {row["id"]: row["owner"] for row in rows}
        return {user: by_shard[shard_of(AccountId(user))] for user in self.users}

    async def ask(self, query: str) -> list[Any]:
        """Ask the database."""
        connection = await asyncpg.connect(self.url, timeout=PATIENCE)
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close(timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def seconds(since: float) -> float:
    """Return how long ago an instant of the monotonic clock was."""
    return time.monotonic() - since


def spread(user: str, count: int, names: Sequence[str]) -> list[str]:
    """Return names of mailboxes of which each instance wants as many as the others."""
    wishes = Wishes([Instance(id=InstanceId(name)) for name in names])
    found: dict[str, list[str]] = {name: [] for name in names}
    for number in range(100 * count):
        each = f"{user}-{number}"
        wanted = found[str(wishes.of(shard_of(AccountId(each))))]
        if len(wanted) < count // len(names):
            wanted.append(each)
    return sorted(each for wanted in found.values() for each in wanted)
