"""Two instances on one Postgres hold a protective guard to the same, whichever of them is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest

from tests.support.postgres import Postgres
from tests.support.trust import DAY, SECRET, HandClock, Host, account, free, guard, text
from vedette.app.guards import overriding, protection
from vedette.app.guards.protection import EVERYBODY, OvertakenError
from vedette.config.settings import GuardSettings
from vedette.model.ids import AccountId
from vedette.ports.ratchet import Protection
from vedette.secret import Secret
from vedette.store.postgres.store import PostgresStore

pytestmark = pytest.mark.server

STRICT = guard(text(at=5), partner_secret=Secret(SECRET))
STRICTER = guard(text(at=4), partner_secret=Secret(SECRET))
LOOSE = guard(text(at=6), partner_secret=Secret(SECRET))

#: What a change takes at most on a machine that has much else to do.
PATIENCE = 30.0


class Pair:
    """Two instances of one clock, that have read the same file."""

    def __init__(self, one: Host, two: Host) -> None:
        self.one, self.two = one, two

    async def read(self, *wanted: GuardSettings) -> None:
        """Have a file read at one instance, then at the other."""
        await self.one.read(*wanted)
        await self.two.read(*wanted)

    async def glance(self) -> None:
        """Have both look once at what the other did."""
        for host in (self.one, self.two):
            await host.trust.overriding._glance(look=False)


@pytest.fixture
async def pair(postgres: Postgres, database: str) -> AsyncIterator[Pair]:
    clock = HandClock()
    async with AsyncExitStack() as stack:
        hosts = []
        for name in ("one", "two"):
            store = PostgresStore(Secret(postgres.url(database)), clock, instance=name)
            await store.start()
            stack.push_async_callback(store.stop)
            hosts.append(Host(store, clock))
        made = Pair(*hosts)
        await made.read(STRICT)
        yield made


async def test_what_one_instance_tightens_another_enforces_within_a_glance(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own file need not be read for that; the part that glances runs by itself."""
    monkeypatch.setattr(overriding, "GLANCE", 0.001)
    await pair.two.trust.overriding.start()
    try:
        await pair.one.read(STRICTER)
        async with asyncio.timeout(PATIENCE):
            await pair.two.adopted.wait()
    finally:
        await pair.two.trust.overriding.stop()

    assert pair.two.posted is not None
    assert pair.two.posted.text == STRICTER.text


async def test_what_a_partner_grants_at_one_instance_holds_at_the_other(pair: Pair) -> None:
    """Applied once, and told once."""
    await pair.read(LOOSE)
    [change] = await pair.one.store.changes()

    await pair.two.ask("guard.grant", id=change.id, secret=SECRET)
    await pair.glance()

    for host in (pair.one, pair.two):
        assert host.posted is not None
        assert host.posted.text == LOOSE.text
    assert await pair.one.told() == [
        ("protection", "enforced"),
        ("pack", "waiting"),
        ("pack", "granted"),
        ("pack", "applied"),
    ]
    assert (await pair.one.trail()).count("vedette loosening.applied") == 1


async def test_a_loosening_that_two_apply_at_once_is_applied_and_told_once(pair: Pair) -> None:
    """Who comes second reads anew what is enforced, and asks for nothing again."""
    await pair.read(LOOSE)
    [change] = await pair.one.store.changes()
    await pair.one.store.grant(change.id, now=pair.one.clock.now(), by="partner")

    await asyncio.gather(pair.one.trust.protections.look(), pair.two.trust.protections.look())

    assert await pair.one.store.changes() == []
    assert [each.posted is not None and each.posted.text for each in (pair.one, pair.two)] == [
        LOOSE.text
    ] * 2
    assert (await pair.one.trail()).count("vedette loosening.applied") == 1
    assert (await pair.one.told()).count(("pack", "applied")) == 1
    assert (await pair.one.told()).count(("pack", "waiting")) == 1


async def test_a_guard_that_is_let_go_at_one_instance_is_let_go_at_the_other(pair: Pair) -> None:
    """Nothing is held there any more, nor enforced anew."""
    await pair.read(guard(free()))
    [change] = await pair.one.store.changes()
    await pair.one.store.grant(change.id, now=pair.one.clock.now(), by="partner")

    await pair.one.trust.protections.look()
    await pair.glance()

    assert await pair.one.store.protections() == []
    assert pair.two.trust.protections.held == {}
    assert pair.two.all_posted == [guard(free())]


async def test_a_file_that_lags_behind_withdraws_nothing_by_a_glance(pair: Pair) -> None:
    """Only a file that is read asks, or takes back: two that differ do not quarrel for ever."""
    await pair.one.read(LOOSE)
    before = await pair.one.trail()
    for _ in range(5):
        await pair.glance()

    assert len(await pair.one.store.changes()) == 1
    assert await pair.one.trail() == before


async def test_what_another_tightened_is_not_written_over(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read before, and another account is to be written with it: it is read again."""
    store = pair.two.store
    written: list[GuardSettings | None] = []
    protections = store.protections

    async def overtaken() -> list[Protection]:
        rows = await protections()
        if not written:
            written.append(await pair.one.read(STRICTER))
        return rows

    monkeypatch.setattr(store, "protections", overtaken)
    pair.two.accounts = (account(), account("bert"))
    await pair.two.read(STRICT)

    [kept] = await protections()
    assert kept.text == STRICTER.text
    assert "bert" in protection.read(kept).covered
    assert pair.two.posted is not None
    assert pair.two.posted.text == STRICTER.text


async def test_an_account_that_one_instance_lets_go_another_watches_no_longer(pair: Pair) -> None:
    """Both have a file without it; the second to look finds that it was done."""
    for host in (pair.one, pair.two):
        host.accounts = ()
        await host.read(STRICT)
        assert list(host.watched) == ["anna"]
    [change] = await pair.one.store.changes()
    await pair.one.store.grant(change.id, now=pair.one.clock.now(), by="partner")

    await pair.one.trust.protections.look()
    await pair.glance()

    assert not pair.one.watched
    assert not pair.two.watched
    assert await pair.one.store.changes() == []


async def test_an_account_that_one_instance_took_in_another_holds(pair: Pair) -> None:
    """What is written of it there counts here, where it is watched, too."""
    bert = AccountId("bert")
    pair.one.accounts = (account(), account("bert"))
    await pair.one.read(STRICT)
    await pair.glance()

    assert bert in pair.two.trust.protections.held["parlour"].covered
    row = await pair.two.store.enforced(EVERYBODY, "parlour")
    assert row is not None
    with suppress(OvertakenError):
        await pair.two.read(STRICT)
    assert len(await pair.two.store.changes()) == 1


async def test_a_clock_of_one_instance_that_is_set_forward_applies_nothing(pair: Pair) -> None:
    """The database's own clock has to say so too, whoever looks."""
    await pair.read(LOOSE)
    pair.one.clock.time += 10 * DAY
    for host in (pair.one, pair.two):
        await host.store.ran(120.0)
        await host.trust.protections.look()

    assert len(await pair.one.store.changes()) == 1
