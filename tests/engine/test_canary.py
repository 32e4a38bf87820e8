"""Probe mails: on a real server, from the APPEND to the last trace of them."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import PATIENCE, Watching, blocking, mailbox
from vedette.config.settings import AccountSettings
from vedette.engine import canary, canary_delivery
from vedette.engine.canary import PROBES, TOOK
from vedette.engine.canary_book import FIELD, FRESH, CanaryBook, Probe
from vedette.model.account import AccountState, Canary
from vedette.model.delivery import Delivered, Endpoint, Outcome, Parcel, Refused, Selection
from vedette.model.ids import AccountId, EndpointId
from vedette.ports.store import EventQuery
from vedette.secret import Secret
from vedette.sync.cadence import Tempo

BOX = AccountId("box")
NOW = 1_000_000.0
TOKEN = "0123456789abcdef" * 2
STILL = Tempo(proof=300.0, poll=300.0, safety=3000.0, reopen=3000.0, recheck=0.5)


def book(key: str = "k" * 64) -> CanaryBook:
    return CanaryBook(lambda: Secret(key))


def probed(server: Dovecot, user: str, *, folder: str = "INBOX") -> AccountSettings:
    """Return an account that is probed all the time."""
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    wish = Canary(interval=0.1, folder=folder)
    return replace(box, account=replace(box.account, canary=wish))


async def counted(outcome: str, more: float) -> None:
    """Wait until so many more probes came to an end."""
    async with asyncio.timeout(PATIENCE):
        while PROBES.value(outcome) < more:  # noqa: ASYNC110 - numbers tell nobody that they moved
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "TICK", 0.05)


@pytest.mark.server
async def test_a_probe_is_seen_by_the_watch_and_by_nobody_else(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is measured, nobody is told of it, and the mailbox is as it was before."""
    seen, took = PROBES.value("seen"), TOOK.count()
    async with Watching(probed(dovecot, user), state=tmp_path, tempo=STILL) as watching:
        await watching.until_connected()
        await counted("seen", seen + 2)
        token = new_token()
        watching.books.expect([token])
        await blocking(dovecot.deliver, user, letter(token))
        await watching.until_all_came()
        state = watching.health.state

    assert TOOK.count() >= took + 2
    assert len(watching.books.receipts) == 1
    assert watching.check().kept
    assert state is AccountState.CONNECTED
    assert len(dovecot.holdings(user)) == 1


@pytest.mark.server
async def test_a_probe_that_is_not_seen_degrades_the_account_until_one_is(
    dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies in a folder that is not watched: the watch does not see it, which is the point."""
    monkeypatch.setattr(canary, "PATIENCE", 0.5)
    missing, seen = PROBES.value("missing"), PROBES.value("seen")
    blind = probed(dovecot, user, folder="Drafts")
    sighted = probed(dovecot, user)
    async with Watching(blind, state=tmp_path, tempo=STILL) as watching:
        await watching.until_connected()
        await counted("missing", missing + 1)
        await watching.until_health(
            lambda health: health.state is AccountState.DEGRADED, "degraded account"
        )
        words = watching.health.error or ""
        monkeypatch.setattr(canary, "PATIENCE", 5.0)
        settings = replace(watching.engine.settings, accounts=(sighted,))
        await watching.engine.apply(settings)
        await counted("seen", seen + 1)
        await watching.until_health(
            lambda health: health.state is AccountState.CONNECTED, "recovery"
        )

    assert "a probe mail was put into Drafts and not seen" in words
    assert dovecot.holdings(user) == []


@pytest.mark.server
async def test_what_only_looks_like_a_probe_is_mail(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is told of, and it is not removed with ours, whatever its flags are."""
    seen = PROBES.value("seen")
    token = new_token()
    forged = book("another key").message(BOX, secrets.token_hex(16), NOW)
    forged = forged.replace(b"Subject: ", b"Subject: " + token.encode() + b" ")
    async with Watching(probed(dovecot, user), state=tmp_path, tempo=STILL) as watching:
        await watching.until_connected()
        watching.books.expect([token])
        await blocking(dovecot.append, user, "INBOX", forged, flags="\\Deleted")
        await watching.until_all_came()
        await counted("seen", seen + 2)

    assert len(dovecot.holdings(user)) == 1


def test_a_probe_is_known_by_its_maker_alone() -> None:
    """By the key, for the account that it was made for, and folded as servers may fold it."""
    made = book().message(BOX, TOKEN, NOW)
    folded = made.replace(f"{FIELD}: ".encode(), f"{FIELD.lower()}:\r\n ".encode())

    assert book().read(BOX, made) == Probe(int(NOW), TOKEN)
    assert book().read(BOX, folded) == Probe(int(NOW), TOKEN)
    assert book("another").read(BOX, made) is None
    assert book().read(AccountId("other"), made) is None
    assert book().read(BOX, made.replace(b"1000000.", b"1000001.")) is None


def test_a_probe_counts_once_and_for_ten_minutes() -> None:
    """Whoever sees one in the mailbox can not hide mail behind a copy of it."""
    mine = book()
    made = mine.message(BOX, TOKEN, NOW)
    first = mine.is_awaited(BOX, made, NOW + 1)
    mine.committed(BOX, [TOKEN])

    assert first == Probe(int(NOW), TOKEN)
    assert mine.is_awaited(BOX, made, NOW + 2) is None
    assert book().is_awaited(BOX, made, NOW + FRESH + 1) is None
    assert book().is_awaited(BOX, made, NOW - 3600) is None
    assert book().is_awaited(BOX, made + b"x" * 5000, NOW) is None


async def test_who_waits_for_a_probe_is_told_once_it_is_committed() -> None:
    """And one that nobody waits for troubles nobody."""
    mine = book()
    waiting = mine.expect(BOX, TOKEN)
    mine.committed(BOX, ["f" * 32])
    before = waiting.done()
    mine.committed(BOX, [TOKEN])
    mine.forget(BOX, TOKEN)

    assert (before, waiting.done()) == (False, True)


@given(noise=st.binary(max_size=300), named=st.booleans())
def test_no_header_is_taken_for_a_probe_by_accident(noise: bytes, *, named: bool) -> None:
    """Nor does any of them raise."""
    header = FIELD.encode() + b": " + noise if named else noise

    assert book().read(BOX, header) is None


class Shelf:
    """An endpoint of the test: it keeps what it is given, and answers as it is told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.answer: Outcome = Delivered()

    async def start(self) -> None:
        """Nothing is needed."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def send(self, parcel: Parcel) -> Outcome:
        self.bodies.append(json.loads(parcel.body))
        return self.answer


@pytest.mark.server
async def test_a_probe_is_followed_to_who_asks_for_it_and_is_mail_to_nobody(
    dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the APPEND to the answer; who asks for everything has mail alone.

    Where the endpoint does not take it the account says so, by state and event, until one comes
    through again.
    """
    monkeypatch.setattr(canary, "DELIVERED", 1.0)
    shelf, name = Shelf(), EndpointId("shelf")
    asks = Endpoint(id=name, selection=Selection(types=("canary.*",)))
    took, reached = canary_delivery.TOOK.count(), canary_delivery.REACHED.value("delivered")
    all_mail = "*"
    async with Watching(
        probed(dovecot, user), state=tmp_path, tempo=STILL, extra={name: (asks, shelf)}
    ) as watching:
        await watching.until_connected()
        async with asyncio.timeout(PATIENCE):
            while canary_delivery.REACHED.value("delivered") < reached + 2:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        well = watching.health.state
        shelf.answer = Refused(reason="503 not today")
        await watching.until_health(
            lambda health: health.state is AccountState.DEGRADED, "degraded account"
        )
        words = watching.health.error or ""
        shelf.answer = Delivered()
        await watching.until_health(
            lambda health: health.state is AccountState.CONNECTED, "recovery"
        )
        assert await watching.engine.store.events(EventQuery(types=("account.degraded",)))
        everything = await watching.engine.store.events(EventQuery(types=(all_mail,)))

    assert canary_delivery.TOOK.count() >= took + 2
    assert well is AccountState.CONNECTED
    assert (
        "a probe mail was committed and not delivered within 1 s to shelf: 503 not today" in words
    )
    assert {each["type"] for each in shelf.bodies} == {"canary.arrived"}
    assert not [each for each in everything if each.type.startswith("canary")]
    assert watching.books.receipts == []
    assert dovecot.holdings(user) == []
