"""The real engine in the process of the test: settings in, a recording sink out.

Everything is the product's own: store, network, reader, courier. Only the
endpoint is the test's, so that it can wait for what it expects. It must not
know which server it watches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.books import Books, Verdict
from vedette.app.engine import Engine
from vedette.config.settings import AccountSettings, Settings
from vedette.errors import VedetteError
from vedette.model.account import Account, Beginning, Cover, Credentials, Depth, Health
from vedette.model.delivery import Delivered, Endpoint, Outcome, Parcel
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ports.link import Encryption, Target, TlsPolicy
from vedette.ports.sink import Sink
from vedette.secret import Secret
from vedette.sync.cadence import Tempo

#: Everything that waits for minutes in the field waits for seconds here.
QUICK = Tempo(proof=2.0, poll=1.0, safety=1.5, reopen=600.0, recheck=0.5)

#: What a loaded machine may need for any one step of a test.
PATIENCE = 60.0

RECORD = EndpointId("record")


class Record:
    """A sink that enters everything into the books and wakes whoever waits."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.changed = asyncio.Condition()

    async def start(self) -> None:
        """Nothing is needed."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Take one event."""
        self.books.take(parcel.body)
        async with self.changed:
            self.changed.notify_all()
        return Delivered()


class Watching:
    """One run of the engine over one state folder; a context manager that drains at its end."""

    def __init__(
        self,
        *accounts: AccountSettings,
        state: Path,
        books: Books | None = None,
        tempo: Tempo = QUICK,
        extra: Mapping[EndpointId, tuple[Endpoint, Sink]] | None = None,
    ) -> None:
        self.books = books or Books()
        self.failures: list[VedetteError] = []
        self._news = asyncio.Event()
        self._connects = 0
        self._record = Record(self.books)
        endpoint = Endpoint(id=RECORD, ordered=False, concurrency=64)
        self.engine = Engine(
            Settings(state=state, accounts=accounts, tempo=tempo),
            extra={RECORD: (endpoint, self._record), **(extra or {})},
            on_failure=self._failed,
            on_connected=self._connected,
        )

    @property
    def health(self) -> Health:
        """How the first account is doing."""
        return self.engine.healths[0]

    @property
    def connects(self) -> int:
        """How often an account was logged in and synced."""
        return self._connects

    async def until_connected(self, times: int = 1) -> None:
        """Wait for so many connects in all."""
        await self.until(lambda: self._connects >= times, f"{times} connects")

    async def until_failed(self, kind: type[VedetteError], times: int = 1) -> VedetteError:
        """Wait for so many failures of a kind; return the last one."""

        def found() -> list[VedetteError]:
            return [error for error in self.failures if isinstance(error, kind)]

        await self.until(lambda: len(found()) >= times, f"{times} {kind.__name__}")
        return found()[-1]

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a connect or a failure makes the condition true."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"no {what} in {PATIENCE:g} s; failures: {self.failures}"
            ) from None

    async def until_all_came(self, within: float = PATIENCE) -> None:
        """Wait until nothing that is expected is missing."""
        await self.until_taken(lambda books: not books.missing, "all messages", within)

    async def until_taken(
        self, condition: Callable[[Books], bool], what: str, within: float = PATIENCE
    ) -> None:
        """Wait until a delivery makes the condition on the books true."""
        try:
            async with asyncio.timeout(within), self._record.changed:
                await self._record.changed.wait_for(lambda: condition(self.books))
        except TimeoutError:
            raise AssertionError(
                f"no {what} in {within:g} s: {self.books.compare()}; failures: {self.failures}"
            ) from None

    async def until_health(self, condition: Callable[[Health], bool], what: str) -> None:
        """Wait until the health of the first account is so; it tells nobody but the store."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not condition(self.health):
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"no {what} in {PATIENCE:g} s: {self.health}")
            await asyncio.sleep(0.01)

    def check(self) -> Verdict:
        """Compare the books."""
        return self.books.check()

    async def __aenter__(self) -> Self:
        await self.engine.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.engine.stop()

    def _connected(self, _account: AccountId) -> None:
        self._connects += 1
        self._news.set()

    def _failed(self, _account: AccountId, error: VedetteError) -> None:
        self.failures.append(error)
        self._news.set()


def mailbox(
    user: str,
    *,
    port: int,
    ca_file: Path,
    name: str = "box",
    folders: Sequence[str] = ("\\Inbox", "\\Junk"),
    beginning: Beginning | None = None,
    password: str = "pass",
    depth: Depth = Depth.TEXT,
    cover: Cover = Cover.POLL,
    encryption: Encryption = Encryption.IMPLICIT,
) -> AccountSettings:
    """Return the settings of an account on a server of the tests."""
    return AccountSettings(
        account=Account(
            id=AccountId(name),
            tenant=TenantId("default"),
            email=f"{user}@example.org",
            credentials=Credentials(user=user, password=Secret(password)),
            folders=tuple(folders),
            beginning=beginning or Beginning(),
            depth=depth,
            cover=cover,
        ),
        target=Target(
            host="localhost",
            port=port,
            encryption=encryption,
            policy=TlsPolicy(ca_file=str(ca_file)),
            private=True,
        ),
    )


async def blocking(call: Callable[..., object], *words: object, **named: object) -> None:
    """Run a call to a server that blocks, while the engine goes on."""
    await asyncio.to_thread(call, *words, **named)
