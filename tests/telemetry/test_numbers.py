"""Each number of the watch moves when the thing happens: one run of everything, read as a scraper does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import PATIENCE, Watching, blocking, mailbox
from tests.telemetry.openmetrics import Family, parse
from vedette.app import measuring
from vedette.model.account import Credentials
from vedette.model.delivery import Delivered, Endpoint, Outcome, Parcel, Refused
from vedette.model.ids import AccountId, EndpointId
from vedette.secret import Secret
from vedette.telemetry.exposition import Dialect, render

#: Seconds for which the loop is held up: more than any ordinary turn of a loaded machine.
HELD_UP = 1.0


class Shut:
    """An endpoint that takes nothing until it is opened."""

    def __init__(self) -> None:
        self.is_open = False

    async def start(self) -> None:
        """Nothing is needed."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def send(self, _parcel: Parcel) -> Outcome:
        return Delivered() if self.is_open else Refused(reason="503 shut")


class Scrape:
    """What a scraper sees at one moment."""

    def __init__(self) -> None:
        self.text = render(Dialect.OPENMETRICS).decode()
        self._families: dict[str, Family] = parse(self.text, openmetrics=True)

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the points of a name that have these labels."""
        for suffix in ("", "_total", "_bucket", "_count", "_sum"):
            family = self._families.get(name.removesuffix(suffix))
            if family is not None and name.endswith(suffix):
                wanted = set(labels.items())
                return sum(
                    value
                    for (found, pairs), value in family.points.items()
                    if found == suffix and wanted <= set(pairs)
                )
        raise AssertionError(f"there is no number {name}")


async def until(condition: Callable[[Scrape], bool], what: str) -> Scrape:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not condition(scrape := Scrape()):
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.05)
    return scrape


def slow_turns(now: Scrape) -> float:
    """Return how often the loop was later than half a second."""
    quick = now.value("vedette_loop_lag_seconds_bucket", le="0.5")
    return now.value("vedette_loop_lag_seconds_count") - quick


def drops(now: Scrape) -> float:
    """Return how many connections the network ended."""
    return now.value("vedette_connection_failures_total", **{"class": "network"})


def lateness(now: Scrape) -> float:
    """Return by how many seconds the loop was late in all."""
    return now.value("vedette_loop_lag_seconds_sum")


@pytest.mark.server
async def test_what_happens_shows_in_its_number_and_nobodys_address_does(
    dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrival, attempts, what waits and how long, sessions, failures by class, a loop held up."""
    monkeypatch.setattr(measuring, "LOOK", 0.1)
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    login = Credentials(user=f"{user}x", password=Secret("not-the-one"))
    wrong = replace(box.account, id=AccountId("refused"), credentials=login)
    shut, name = Shut(), EndpointId("shut")
    before = Scrape()

    async with Watching(
        box,
        replace(box, account=wrong),
        state=tmp_path,
        extra={name: (Endpoint(id=name), shut)},
    ) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(dovecot.deliver, user, letter(token))
        await watching.until_all_came()
        held = await until(
            lambda now: (
                now.value("vedette_oldest_undelivered_seconds") > 0
                and now.value("vedette_sessions", state="auth_failed") == 1
            ),
            "what waits",
        )
        # Before its second attempt, for the third is minutes later.
        shut.is_open = True
        slow = slow_turns(held)
        time.sleep(HELD_UP)  # noqa: ASYNC251 - that it holds up the loop is what is tried
        late = await until(lambda now: slow_turns(now) > slow, "a late loop")
        await blocking(dovecot.doveadm, "kick", user)
        await watching.until_connected(2)
        dropped = Scrape()
        drained = await until(
            lambda now: now.value("vedette_deliveries_waiting") == 0, "an empty outbox"
        )

    arrived(before, held)
    assert lateness(late) - lateness(held) >= HELD_UP / 2
    assert drops(dropped) > drops(before)
    assert drained.value("vedette_oldest_undelivered_seconds") == 0
    for scrape in (held, late, drained):
        discreet(scrape, user)


def discreet(scrape: Scrape, user: str) -> None:
    """Hold it against the addresses, logins and passwords of the run."""
    assert user not in scrape.text
    assert "@" not in scrape.text
    assert "not-the-one" not in scrape.text


def arrived(before: Scrape, held: Scrape) -> None:
    """Hold what a message, a refused delivery and a refused login left against what was before."""

    def grown(number: str, **labels: str) -> float:
        return held.value(number, **labels) - before.value(number, **labels)

    assert grown("vedette_announced_to_committed_seconds_count") == 1
    assert grown("vedette_committed_to_attempted_seconds_count") >= 2
    assert grown("vedette_events_total", type="message.received") == 1
    assert grown("vedette_delivery_attempts_total", outcome="refused") >= 1
    assert held.value("vedette_deliveries_waiting") >= 1
    assert grown("vedette_connection_failures_total", **{"class": "auth"}) >= 1
    assert held.value("vedette_sessions", state="live", provider="other") == 1
