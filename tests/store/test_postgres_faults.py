"""What the store on Postgres says and does when its database fails it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from tests.store.bundle import ACME, ANNA, HOOK, StillClock, cursor, posting, step, take
from tests.store.cluster import Cluster
from tests.support.fault_proxy import FaultProxy
from tests.support.ports import free_port
from tests.support.postgres import HOST, Postgres
from tests.support.toxics import Cut, Way
from vedette.errors import StoreError, StoreFullError, StoreUnwritableError
from vedette.model.account import Health
from vedette.model.cursor import Cursor
from vedette.model.ids import AccountId, EventId
from vedette.ports.store import EventQuery, Store, Verdict
from vedette.secret import Secret
from vedette.store.postgres import connection, faults, writer
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server


@asynccontextmanager
async def through(proxy: FaultProxy, cluster: Cluster) -> AsyncIterator[PostgresStore]:
    """Run a store whose way to the database is the proxy."""
    before, _, name = cluster.url.reveal().rpartition("/")
    user = before.removeprefix("postgres://").rpartition("@")[0]
    url = Secret(f"postgres://{user}@{HOST}:{proxy.port}/{name}")
    store = PostgresStore(url, cluster.clock, instance="one")
    await store.start()
    yield store
    await store.stop()


@pytest.fixture
async def proxy(postgres: Postgres) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(HOST, postgres.port) as proxy:
        yield proxy


async def at(store: Store, account: AccountId = ANNA) -> Cursor | None:
    """Read where a folder stands, as who does not know whether a commit was done."""
    return next((state.cursor for state in await store.folders(account)), None)


@pytest.mark.parametrize(("way", "done"), [(Way.DOWN, True), (Way.UP, False)])
async def test_a_commit_without_an_answer_is_unknown_and_is_not_run_again(
    cluster: Cluster, proxy: FaultProxy, way: Way, *, done: bool
) -> None:
    """It was done if the line broke behind the server, and not if before; never twice."""
    async with through(proxy, cluster) as store:
        assert await store.commit(step(None, cursor(1))) is Verdict.DONE
        # The answer to a COMMIT is its own word.
        proxy.put(Cut(0, word=b"COMMIT", times=1, way=way))
        with pytest.raises(StoreError, match="its fate is unknown"):
            await store.commit(step(cursor(1), cursor(2), posting("e", HOOK)))

        found = await at(store)
        assert found == cursor(2 if done else 1)
        # Who reads again goes on from there.
        again = step(found, cursor(3), posting("e", HOOK))
        assert await store.commit(again) is Verdict.DONE
        assert len(await take(store)) == 1
        assert [event.event for event in await store.events(EventQuery())] == ["e"]


async def test_every_commit_of_a_group_without_an_answer_is_unknown(
    cluster: Cluster, proxy: FaultProxy
) -> None:
    """They were written together, so nobody of them knows; what is read tells the same of all."""
    names = [AccountId(f"a{number}") for number in range(5)]
    async with through(proxy, cluster) as store:
        await store.events(EventQuery())
        proxy.put(Cut(0, word=b"COMMIT", times=1))
        outcomes = await asyncio.gather(
            *(store.commit(step(None, cursor(1), posting(n, account=n), account=n)) for n in names),
            return_exceptions=True,
        )

        assert all(isinstance(each, StoreError) for each in outcomes)
        assert [await at(store, name) for name in names] == [cursor(1)] * 5
        assert len(await store.events(EventQuery())) == 5


async def test_what_is_handed_over_is_not_sent_when_nobody_knows_of_the_commit(
    cluster: Cluster, proxy: FaultProxy
) -> None:
    """It waits for its claim instead."""
    async with through(proxy, cluster) as store:
        proxy.put(Cut(0, word=b"COMMIT", times=1))
        with pytest.raises(StoreError):
            await store.commit(step(None, cursor(1), posting("e", HOOK)))

        assert [parcel.event for parcel in await take(store)] == ["e"]


class Load:
    """Mailboxes that commit message after message, whatever becomes of the database."""

    def __init__(self, store: Store, *, mailboxes: int, messages: int) -> None:
        self._store = store
        self._messages = messages
        self._names = [AccountId(f"a{number}") for number in range(mailboxes)]
        self._moved = asyncio.Condition()
        self._done = 0
        self.unknown = 0
        #: What was said of commits that were not answered, and of how many mailboxes.
        self.said: set[str] = set()
        self.waiting = 0
        #: Whether the database is there.
        self.there = asyncio.Event()
        self.there.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for name in self._names:
                tasks.create_task(self._watch(name))

    async def goes_on(self) -> None:
        """Wait for a hundred commits from now on."""
        async with asyncio.timeout(60), self._moved:
            enough = self._done + 100
            await self._moved.wait_for(lambda: self._done >= enough)

    async def stands(self, *, within: float) -> None:
        """Wait until every mailbox has been told that there is no answer."""
        async with asyncio.timeout(within), self._moved:
            await self._moved.wait_for(lambda: self.waiting == len(self._names))

    async def _watch(self, account: AccountId) -> None:
        known = None
        while known is None or known.last_uid < self._messages:
            uid = 1 if known is None else known.last_uid + 1
            event = posting(f"{account}-{uid}", HOOK, account=account)
            try:
                verdict = await self._store.commit(step(known, cursor(uid), event, account=account))
            except StoreError as error:
                self.unknown += 1
                self.said.add(str(error))
                known = await self._reread(account)
                continue
            assert verdict is Verdict.DONE
            known = cursor(uid)
            async with self._moved:
                self._done += 1
                self._moved.notify_all()

    async def _reread(self, account: AccountId) -> Cursor | None:
        await self._tell(1)
        while True:
            await asyncio.wait_for(self.there.wait(), 60)
            with suppress(StoreError):
                found = await at(self._store, account)
                await self._tell(-1)
                return found

    async def _tell(self, more: int) -> None:
        async with self._moved:
            self.waiting += more
            self._moved.notify_all()


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_a_server_that_goes_under_load_loses_and_doubles_nothing(
    make_postgres: Callable[..., Postgres], end: str
) -> None:
    """Killed as by a power cut, or stopped in order: each message is there once in the end."""
    server = make_postgres(durable=True)
    store = PostgresStore(Secret(server.url(await server.make())), StillClock(), instance="one")
    await store.start()
    load = Load(store, mailboxes=20, messages=40)
    running = asyncio.create_task(load.run())
    for _ in range(2):
        await load.goes_on()
        load.there.clear()
        await asyncio.to_thread(getattr(server, end))
        await asyncio.to_thread(server.start)
        load.there.set()
    await asyncio.wait_for(running, 120)

    assert load.unknown > 0
    found = await store.events(EventQuery(limit=10_000))
    assert len(found) == len({event.event for event in found}) == 20 * 40
    assert all(event.due == 1 for event in found)
    await store.stop()


async def test_a_paused_server_under_load_ends_every_wait_by_its_deadline(
    make_postgres: Callable[..., Postgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who commits is told in one line that names the database; nothing is lost when it goes on."""
    server = make_postgres()
    # Seconds for one statement, and those for a caller, who waits for the group before, too.
    monkeypatch.setattr(connection, "ANSWER", 1.0)
    monkeypatch.setattr(writer, "PATIENCE", 2.0)
    store = PostgresStore(Secret(server.url(await server.make())), StillClock(), instance="one")
    await store.start()
    load = Load(store, mailboxes=20, messages=40)
    running = asyncio.create_task(load.run())
    await load.goes_on()
    load.there.clear()

    server.pause()
    # The caller's patience, and as much again for a machine that is busy.
    await load.stands(within=4.0)
    server.resume()
    load.there.set()
    await asyncio.wait_for(running, 60)

    assert load.said
    assert all(
        re.fullmatch(r"the database test_\w+ on .* did not answer .*", each) for each in load.said
    )
    found = await store.events(EventQuery(limit=10_000))
    assert len(found) == len({event.event for event in found}) == 20 * 40
    await store.stop()


async def test_a_question_without_an_answer_gives_its_connection_up_at_once(
    make_postgres: Callable[..., Postgres],
) -> None:
    """Neither a reading nor a transaction that was given up waits for a server that stands still."""
    server = make_postgres()
    store = PostgresStore(Secret(server.url(await server.make())), StillClock(), instance="one")
    await store.start()
    await store.folders(ANNA)
    server.pause()
    for ask in (store.folders(ANNA), store.stored([EventId("e")])):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await ask
        # A second for the server to drop it; a statement has thirty, a rollback five.
        assert time.monotonic() - began < 3.0
    server.resume()

    assert await store.folders(ANNA) == []
    await store.stop()


async def test_a_store_without_its_database_says_which(postgres: Postgres) -> None:
    """Host, port and name stand in the error; the password does not."""
    url = Secret(f"postgres://anna:hunter2@{HOST}:{free_port()}/mail")
    with pytest.raises(
        StoreError, match=rf"the database mail on {HOST}:\d+ can not be reached"
    ) as e:
        await PostgresStore(url, StillClock(), instance="one").start()
    assert "hunter2" not in str(e.value)

    missing = Secret(postgres.url("no_such_database"))
    with pytest.raises(StoreUnwritableError, match="no_such_database"):
        await PostgresStore(missing, StillClock(), instance="one").start()


async def test_a_store_that_is_stopped_says_so(cluster: Cluster) -> None:
    """No call hangs on what is not open."""
    async with cluster.started("one") as (store,):
        pass
    for call in (store.folders(ANNA), store.commit(step(None, cursor(1))), store.settle([])):
        with pytest.raises(StoreError, match="not open"):
            await call


async def test_a_stop_without_the_database_leaves_nothing_running(
    make_postgres: Callable[..., Postgres],
) -> None:
    """What it could not write is lost as by a crash; no task and no connection stays."""
    server = make_postgres()
    store = PostgresStore(Secret(server.url(await server.make())), StillClock(), instance="one")
    await store.start()
    await store.note(Health(account=ANNA, tenant=ACME, email="anna@example.org"))
    await asyncio.to_thread(server.kill)
    await store.stop()

    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not any(name.startswith("store") for name in names)
    with pytest.raises(StoreError, match="not open"):
        await store.folders(ANNA)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (asyncpg.DiskFullError("could not extend file"), StoreFullError, "no space is left"),
        (
            asyncpg.PostgresIOError("could not write: No space left on device"),
            StoreFullError,
            "no space is left",
        ),
        (asyncpg.InsufficientPrivilegeError("no"), StoreUnwritableError, "can not be used"),
        (asyncpg.ReadOnlySQLTransactionError("no"), StoreUnwritableError, "can not be used"),
        (asyncpg.CheckViolationError("NaN"), StoreError, "a value can not be stored"),
        (asyncpg.AdminShutdownError("bye"), StoreError, "could not be read or written"),
        (asyncpg.InterfaceError("closed"), StoreError, "could not be read or written"),
        (asyncpg.InternalClientError("state 15"), StoreError, "could not be read or written"),
        (ConnectionResetError(104, "reset"), StoreError, "can not be reached"),
        (TimeoutError(), StoreError, "did not answer in time"),
        (ValueError("nan"), StoreError, "a value can not be stored"),
    ],
)
def test_a_failure_is_one_of_ours(error: Exception, kind: type[StoreError], words: str) -> None:
    """Each says where it happened or what can not be stored, in one line."""
    found = faults.translate(error, "the database mail")

    assert type(found) is kind
    assert words in str(found)
    assert "\n" not in str(found)


@pytest.mark.parametrize(
    ("error", "private"),
    [
        (asyncpg.CheckViolationError("NaN"), True),
        (asyncpg.DataError("a lone surrogate"), True),
        (asyncpg.ProgramLimitExceededError("too long for an index"), True),
        (OverflowError("too large"), True),
        (asyncpg.AdminShutdownError("bye"), False),
        (asyncpg.DiskFullError("full"), False),
        (asyncpg.DeadlockDetectedError("it was the other"), False),
        (asyncpg.InterfaceError("closed"), False),
        (asyncpg.InternalClientError("state 15"), False),
        (ConnectionResetError(104, "reset"), False),
        (TimeoutError(), False),
        (StoreError("unknown"), False),
    ],
)
def test_what_is_of_one_commit_alone(error: Exception, *, private: bool) -> None:
    """Only a failure of its own values is a reason to try the others without it."""
    assert faults.is_private(error) is private


def test_only_a_refusal_says_that_a_commit_wrote_nothing() -> None:
    """A server that goes away while it commits may have done so."""
    assert faults.is_refusal(asyncpg.SerializationError("no"))
    assert not faults.is_refusal(asyncpg.AdminShutdownError("bye"))
    assert not faults.is_refusal(ConnectionResetError(104, "reset"))
