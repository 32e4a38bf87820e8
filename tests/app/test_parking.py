"""A login that is refused for good stands in the record, once, until somebody changes something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.app.live import ACME, Live
from tests.support.memory_records import MemoryRecords
from tests.support.office import ADMIN, Desk, HandClock, Trust, wish
from vedette.app import parking
from vedette.app.enrolled import Known, enrolled
from vedette.app.parking import BATCH, Parking
from vedette.backoff import Backoff
from vedette.errors import StoreError, Trouble
from vedette.identity.vault import Vault
from vedette.model.account import Account, AccountState
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Drop, Kind, Note, Put, Written
from vedette.ports.registration import Pause, Registration
from vedette.secret import Secret
from vedette.service.accounts.condition import State, condition
from vedette.service.accounts.registration import registration_of
from vedette.sync.trouble import CURVES

ANNA = AccountId("anna")
WORDS = "[AUTHENTICATIONFAILED] the password is wrong"


class Refusing:
    """A mail server that refuses every login but those with the right password."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
        while line := await reader.readline():
            tag, verb, *rest = line.decode().split()
            if verb == "LOGIN":
                self.tried.append(rest[-1].strip('"'))
                writer.write(f"{tag} NO {WORDS}\r\n".encode())
            else:
                writer.write(f"{tag} OK\r\n".encode())
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Refusing]:
    made = Refusing()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    """Run an engine that tries refused logins again at once, three times in all."""
    monkeypatch.setitem(CURVES, Trouble.AUTH, Backoff(first=0.01))
    made = Live(tmp_path)
    await made.engine.start()
    await made.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
    yield made
    await made.engine.stop()


async def found(live: Live) -> Registration:
    return await live.desk.accounts.get(ADMIN, ANNA)


async def until_parked(live: Live) -> Registration:
    """Wait until the record and the story both say that it is paused."""
    for _ in range(2_000):
        now = await found(live)
        held = live.watcher("anna") is None and live.state("anna") is AccountState.PAUSED
        if now.pause is Pause.AUTH_FAILURE and held:
            return now
        await asyncio.sleep(0.01)
    raise AssertionError(f"not parked: {await found(live)}, {live.health('anna')}")


async def notes(live: Live, what: str) -> int:
    return sum(entry.what == what for entry in await live.engine.store.audit_trail())


async def test_three_refusals_stand_in_the_record_and_in_the_story(
    live: Live, server: Refusing
) -> None:
    """Once, with a note; what is told of it is what the server said."""
    await live.register("anna", port=server.port)

    record = await until_parked(live)
    health = live.health("anna")
    told = condition(record, health, now=live.engine.clock.now())

    assert server.tried == ["hunter2"] * 3
    assert record.paused_at is not None
    assert health is not None
    assert health.reason == health.error
    assert told.state is State.AUTH_FAILED
    assert told.reason is not None
    assert "the password is wrong" in told.reason
    assert await notes(live, "account.paused") == 1


async def test_new_credentials_and_a_wish_to_reconnect_are_another_three_tries(
    live: Live, server: Refusing
) -> None:
    """The same password given again, too: somebody may have mended it at the provider."""
    await live.register("anna", port=server.port)
    await until_parked(live)

    await live.desk.accounts.update(ADMIN, ANNA, {"password": Secret("second")})
    await live.until(lambda: server.tried.count("second") == 3, "three tries")
    await until_parked(live)
    await live.desk.accounts.update(ADMIN, ANNA, {"password": Secret("second")})
    await live.until(lambda: server.tried.count("second") == 6, "three more")
    await until_parked(live)
    await live.desk.orders.reconnect(ADMIN, ANNA)
    await live.until(lambda: server.tried.count("second") == 9, "and three more")
    await until_parked(live)

    assert await notes(live, "account.paused") == 4


async def test_a_restart_tries_nothing_and_writes_nothing(
    live: Live, server: Refusing, tmp_path: Path
) -> None:
    """What is parked stays so; a provider is not hammered by restarts."""
    await live.register("anna", port=server.port)
    before = await until_parked(live)
    await live.engine.stop()

    again = Live(tmp_path)
    await again.engine.start()
    try:
        await again.until_watched("anna")
        assert again.state("anna") is AccountState.PAUSED
        assert (await found(again)).version == before.version
        assert len(server.tried) == 3
    finally:
        await again.engine.stop()


class Counted(MemoryRecords):
    """Records that count the writes that park, and fail when they are told to."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.writes: list[int] = []
        self.failures: list[StoreError] = []
        self.news = asyncio.Condition()

    async def write(
        self,
        changes: Sequence[Put | Drop],
        *,
        now: float,
        notes: Sequence[Note] = (),
        tenant: TenantId | None = None,
    ) -> Written:
        parks = any("auth_failure" in each.detail for each in notes)
        if parks and self.failures:
            raise self.failures.pop()
        written = await super().write(changes, now=now, notes=notes, tenant=tenant)
        if parks:
            async with self.news:
                self.writes.append(len(changes))
                self.news.notify_all()
        return written


class Desks:
    """A desk on counted records, and what parks there."""

    def __init__(self) -> None:
        clock = HandClock()
        self.records = Counted(clock)
        self.desk = Desk(self.records, Trust(), clock)
        self.parking = Parking(self.records, self._vault, clock)

    async def _vault(self) -> Vault:
        return self.desk.vault

    async def watched(self, number: int) -> Account:
        """Register an account; return it as it would be watched."""
        await self.desk.accounts.create(
            ADMIN, wish(email=f"a{number}@example.org"), id_=f"a{number}"
        )
        record = await self.records.record(Kind.ACCOUNT, f"a{number}")
        assert record is not None
        secrets = await self.desk.cabinet.opened(record)
        return enrolled(registration_of(record), Known(secrets=secrets)).account

    async def pauses(self) -> dict[str, Pause | None]:
        every = await self.desk.accounts_of(ADMIN)
        return {id_: each.pause for id_, each in every.items()}

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20), self.records.news:
            await self.records.news.wait_for(lambda: sum(self.records.writes) >= count)


@pytest.fixture
async def desks() -> AsyncIterator[Desks]:
    made = Desks()
    await made.parking.start()
    yield made
    await made.parking.stop()


async def test_many_at_once_are_a_few_writes(desks: Desks) -> None:
    """Each of them once, however often it is told."""
    accounts = [await desks.watched(number) for number in range(BATCH + 20)]

    for each in (*accounts, *accounts):
        desks.parking.take(each)
    await desks.until(len(accounts))
    for each in accounts:
        desks.parking.take(each)
    last = await desks.watched(999)
    desks.parking.take(last)
    await desks.until(len(accounts) + 1)

    assert desks.records.writes == [BATCH, 20, 1]
    assert set((await desks.pauses()).values()) == {Pause.AUTH_FAILURE}


async def test_what_was_refused_before_it_was_changed_parks_nobody(desks: Desks) -> None:
    """Another password, another wish to connect, gone: the refusal is about what is no more."""
    password, wished, gone, still = [await desks.watched(number) for number in range(4)]
    await desks.desk.accounts.update(ADMIN, password.id, {"password": Secret("another")})
    await desks.desk.orders.reconnect(ADMIN, wished.id)
    await desks.desk.accounts.delete(ADMIN, gone.id)

    for each in (password, wished, gone, still):
        desks.parking.take(each)
    await desks.until(1)

    assert await desks.pauses() == {"a0": None, "a1": None, "a3": Pause.AUTH_FAILURE}


async def test_accounts_that_others_keep_are_left_to_their_story(desks: Desks) -> None:
    """There is no record to write, and those beside it are not held up."""
    still = await desks.watched(1)

    desks.parking.take(replace(still, id=AccountId("of-the-file")))
    desks.parking.take(still)
    await desks.until(1)

    assert await desks.pauses() == {"a1": Pause.AUTH_FAILURE}


async def test_a_store_that_is_away_is_written_to_later(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is forgotten."""
    monkeypatch.setattr(parking, "AGAIN", 0.01)
    desks.records.failures = [StoreError("away")] * 3
    desks.parking.take(await desks.watched(1))

    await desks.until(1)

    assert desks.records.failures == []
