"""Who is told of a held guard is told on, and where they were: an endpoint's own change waits too."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.app.live import ACME, Live, keyed
from tests.app.settings import file, service
from tests.support.office import ADMIN, Desk
from tests.support.trust import KEY, guard
from vedette.app.engine import Engine
from vedette.app.guards.whereabouts import NOWHERE, whereabouts
from vedette.config.settings import EndpointSettings, Settings
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import EndpointId
from vedette.ports.ratchet import Change
from vedette.secret import Secret
from vedette.sinks.lines import LinesSettings
from vedette.sinks.webhook import WebhookSettings

FRIEND = EndpointId("friend")
HELD = guard(partner=FRIEND)
TOLD = Selection(types=("guard.changed",))


def friend(path: Path) -> EndpointSettings:
    """Return the partner's endpoint, which appends to a file."""
    found = file("friend", path)
    return replace(found, endpoint=replace(found.endpoint, selection=TOLD))


class Site:
    """An engine whose file has a guard and its partner's endpoint."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.here, self.there = folder / "here.jsonl", folder / "there.jsonl"
        self.file = replace(service(folder), guards=(HELD,), endpoints=(friend(self.here),))
        keyed(self.file.state)
        self.live = Live(folder)
        self.live.engine = engine = Engine(self.file)
        self.live.desk = Desk(engine.store.records, engine.store, engine.clock)

    async def read(self, settings: Settings) -> None:
        """Have a file read."""
        await self.live.engine.apply(settings)

    async def waiting(self) -> list[Change]:
        return list(await self.live.engine.store.changes())

    async def let(self) -> None:
        """Have the partner agree to the one change that waits."""
        [change] = await self.waiting()
        await self.live.engine._trust.protections.grant(change.id, by="partner")

    async def until_told(self, path: Path, *turns: str) -> None:
        """Wait until a file has these turns of changes."""
        await self.live.until(lambda: told(path) == list(turns), f"{turns} in {path.name}")

    @property
    def running(self) -> EndpointSettings | None:
        return self.live.engine._enacting._running.get(FRIEND)


def told(path: Path) -> list[str]:
    """Return what was told of changes, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["data"]["turn"] for line in lines]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run one."""
    made = Site(tmp_path)
    await made.live.engine.start()
    await made.until_told(made.here, "enforced")
    yield made
    await made.live.engine.stop()


async def test_an_endpoint_that_the_file_sends_elsewhere_stays_until_a_partner_agrees(
    site: Site,
) -> None:
    """The wish is told where it was told before; what comes after it goes to the new place."""
    await site.read(replace(site.file, endpoints=(friend(site.there),)))

    await site.until_told(site.here, "enforced", "waiting")
    assert site.running == friend(site.here)
    await site.let()
    assert site.running == friend(site.there)
    assert not await site.waiting()


async def test_a_file_that_sends_it_back_withdraws_the_wish(site: Site) -> None:
    """As with any wish of a file; nothing went anywhere else meanwhile."""
    await site.read(replace(site.file, endpoints=(friend(site.there),)))
    await site.read(site.file)

    await site.until_told(site.here, "enforced", "waiting", "withdrawn")
    assert told(site.there) == []


async def test_other_events_for_a_partner_are_another_endpoint(site: Site) -> None:
    """A filter that leaves guards out silences as an address does."""
    other = replace(friend(site.here).endpoint, selection=Selection(types=("message.*",)))
    await site.read(replace(site.file, endpoints=(replace(friend(site.here), endpoint=other),)))

    await site.until_told(site.here, "enforced", "waiting")
    assert site.running == friend(site.here)


async def test_an_endpoint_that_leaves_the_file_with_its_guard_hears_of_it(site: Site) -> None:
    """Both are gone from the file, and both act on until the removal may be had."""
    await site.read(replace(site.file, guards=(), endpoints=()))

    await site.until_told(site.here, "enforced", "waiting")
    assert site.running == friend(site.here)
    await site.let()
    assert site.running is None


async def test_an_endpoint_whose_guard_gets_another_partner_stays_as_long(site: Site) -> None:
    """It is told what waits; the other one takes over when that may be."""
    second = replace(friend(site.there), endpoint=Endpoint(id=EndpointId("second"), selection=TOLD))
    then = replace(HELD, partner=EndpointId("second"))
    await site.read(replace(site.file, guards=(then,), endpoints=(second,)))

    await site.until_told(site.here, "enforced", "waiting")
    await site.let()
    assert site.running is None
    assert site.live.engine._trust.protections.held["parlour"].settings.partner == "second"


async def test_what_another_start_finds_elsewhere_still_waits(tmp_path: Path) -> None:
    """The old place is not written down, so it is not told; that it is another is known, and told."""
    site = Site(tmp_path)
    await site.live.engine.start()
    await site.until_told(site.here, "enforced")
    await site.live.engine.stop()
    site.live.engine = Engine(replace(site.file, endpoints=(friend(site.there),)))
    await site.live.engine.start()
    try:
        [change] = await site.waiting()
        assert "the partner is told elsewhere" in change.loosening.what
        await site.until_told(site.there, "waiting")
    finally:
        await site.live.engine.stop()


async def test_a_tenant_that_is_deleted_takes_no_partner_away_unheard(site: Site) -> None:
    """It goes, with its guard and its endpoint; whom they told is told that, while it runs."""
    live, path = site.live, site.folder / "tenant.jsonl"
    await live.desk.tenants.create(ADMIN, {"name": "Acme"}, id_=ACME)
    form: dict[str, object] = {"type": "file", "path": str(path), "events": ["guard.changed"]}
    await live.desk.endpoints.create(ADMIN, form, id_="near", tenant=ACME)
    post: dict[str, object] = {"text": HELD.text, "mode": "act", "partner": "near"}
    await live.desk.guards.create(ADMIN, post, id_="acme-held", tenant=ACME)
    await site.until_told(path, "enforced")

    await live.desk.tenants.delete(ADMIN, ACME)

    # It may be heard of in two steps, the endpoint and then the guard, or in one.
    await live.until(lambda: told(path)[:2] == ["enforced", "waiting"], "the partner to be told")
    await live.until(lambda: told(path)[-1] == "waiting", "what waits to be told")


def test_the_whereabouts_of_an_endpoint_are_the_same_however_it_was_read() -> None:
    """And another for another secret of its headers; of none there are none."""
    one, again, other = (
        EndpointSettings(
            endpoint=Endpoint(id=FRIEND),
            sink=WebhookSettings(url=Secret("https://x.example/a"), headers={"X": Secret(text)}),
        )
        for text in ("s", "s", "t")
    )
    assert whereabouts(one, KEY) == whereabouts(again, KEY)
    assert whereabouts(one, KEY).place != whereabouts(other, KEY).place
    assert whereabouts(one, KEY) != whereabouts(one, Secret("another"))
    assert whereabouts(None, KEY) == NOWHERE


def test_what_is_as_by_default_is_not_in_the_whereabouts() -> None:
    """So a setting that a later version has more does not make another endpoint of it."""
    plain = EndpointSettings(endpoint=Endpoint(id=FRIEND), sink=LinesSettings(path=Path("/a")))
    spelled = EndpointSettings(
        endpoint=Endpoint(id=FRIEND, concurrency=8, selection=Selection()),
        sink=LinesSettings(path=Path("/a"), fsync=False),
        private=False,
    )
    assert whereabouts(plain, KEY) == whereabouts(spelled, KEY)
