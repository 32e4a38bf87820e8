"""Callers are told apart by what they can prove, and slowed down one by one."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.api.conftest import NOW
from tests.store.bundle import StillClock
from tests.support.api import ROOT, Answer, Face, request
from tests.support.memory_store import MemoryStore
from vedette.api.caller import WRONG_BURST, remote
from vedette.api.frame import build
from vedette.api.rules import Rules
from vedette.config.api import ApiSettings
from vedette.errors import SecretError
from vedette.store.sqlite.store import SqliteStore

LOCAL = ("127.0.0.1", 4711)


def paced(face: Face, **changes: object) -> None:
    """Serve anew with other settings."""
    settings = ApiSettings(**changes)  # type: ignore[arg-type]
    face.app = build(replace(face.services, rules=Rules(settings)))


async def test_a_key_that_asks_too_often_is_told_to_wait(face: Face) -> None:
    """Beyond its burst it is a 429 with the seconds, and another key is not slowed by it."""
    paced(face, rate=0.5, burst=3)
    other = await face.key()

    answers = [await face.ask("GET", "/v1/tenants") for _ in range(4)]

    assert [each.status for each in answers] == [200, 200, 200, 429]
    assert answers[3].code == "too_many"
    assert answers[3].headers["retry-after"] == "2"
    assert (await face.ask("GET", "/v1/tenants", key=other)).status == 200


async def test_the_owner_at_the_socket_is_not_slowed(face: Face) -> None:
    """Who can open it can stop the service as well."""
    paced(face, rate=0.1, burst=1)

    answers = [await face.at_socket("GET", "/v1/tenants") for _ in range(5)]

    assert {each.status for each in answers} == {200}


async def test_who_tries_keys_keeps_nobody_out_who_was_let_in_before(face: Face) -> None:
    """Behind one proxy all have one address: a key that was right goes on, until it is revoked."""
    made, key = await face.services.keys.create(ROOT, {"name": "k", "scopes": ["admin"]})
    right = {"authorization": f"Bearer {key.reveal()}"}
    wrong = {"authorization": "Bearer vdt_" + "x" * 43}
    assert (await request(face.app, "GET", "/v1/keys", None, right)).status == 200

    answers = [await request(face.app, "GET", "/v1/keys", None, wrong) for _ in range(30)]
    still = await request(face.app, "GET", "/v1/keys", None, right)
    await face.services.keys.revoke(ROOT, made.id)
    revoked = [(await request(face.app, "GET", "/v1/keys", None, right)).status for _ in range(2)]

    assert (answers[-1].status, still.status, revoked) == (429, 200, [401, 429])


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
async def test_who_has_a_network_is_counted_once(
    face: Face, one: str, other: str, *, is_one: bool
) -> None:
    """Whoever has one address of IPv6 has 2^64 of them, and tries no more keys with all of them."""
    wrong = {"authorization": "Bearer vdt_" + "x" * 43}
    for _ in range(30):
        await request(face.app, "GET", "/v1/keys", None, wrong, client=(one, 1))

    answer = await request(face.app, "GET", "/v1/keys", None, wrong, client=(other, 1))

    assert answer.status == (429 if is_one else 401)


async def test_who_tries_keys_is_slowed_by_address(face: Face) -> None:
    """After some wrong keys even a right one is not looked at; another address is."""
    key = await face.key()
    wrong = {"authorization": "Bearer vdt_" + "x" * 43}

    answers = [await request(face.app, "GET", "/v1/keys", None, wrong) for _ in range(30)]
    right = await request(face.app, "GET", "/v1/keys", None, {"authorization": f"Bearer {key}"})
    elsewhere = await request(
        face.app,
        "GET",
        "/v1/keys",
        None,
        {"authorization": f"Bearer {key}"},
        client=("192.0.2.8", 1),
    )

    assert [each.status for each in answers].count(401) == WRONG_BURST
    assert (answers[-1].status, right.status, elsewhere.status) == (429, 429, 200)


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic vdt_x", "vdt_x", "Bearer " + "x" * 5000]
)
async def test_another_form_of_proof_is_none(face: Face, authorization: str) -> None:
    """A header that is there and holds no key of ours is refused, even where none is needed."""
    answer = await request(face.app, "GET", "/livez", None, {"authorization": authorization})

    assert (answer.status, answer.code) == (401, "unauthorized")


async def test_the_scheme_is_bearer_in_any_case(face: Face) -> None:
    """Names of schemes have no case (RFC 9110 section 11.1)."""
    told = {"authorization": f"bEARER {await face.key()}"}

    assert (await request(face.app, "GET", "/v1/keys", None, told)).status == 200


async def test_a_stranger_costs_no_reading_of_a_body(face: Face) -> None:
    """Who has no key is refused before the first octet of a body is asked for."""
    told = {"content-type": "application/json", "content-length": "1000000"}

    answer = await request(face.app, "POST", "/v1/tenants", None, told, stalls=True)

    assert answer.status == 401


async def measured(face: Face, **headers: str) -> Answer:
    """Ask for the numbers from this machine."""
    told = {"host": "127.0.0.1:8025", **headers}
    return await request(face.app, "GET", "/metrics", None, told, client=LOCAL)


@pytest.mark.parametrize("host", ["localhost", "localhost:8025", "127.0.0.1:8025", "[::1]:8025"])
async def test_numbers_are_for_this_machine(face: Face, host: str) -> None:
    """A scraper on this machine needs no key."""
    assert (await measured(face, host=host)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"x_forwarded_for": "203.0.113.9"},
        {"forwarded": "for=203.0.113.9"},
        {"via": "1.1 proxy"},
    ],
)
async def test_numbers_are_not_for_who_comes_through_this_machine(
    face: Face, headers: dict[str, str]
) -> None:
    """A page whose name was bound to 127.0.0.1, and whoever is behind a proxy here, needs a key."""
    assert (await measured(face, **headers)).status == 401


async def test_numbers_are_for_a_key_with_their_scope(face: Face) -> None:
    """From elsewhere metrics:read is asked for, and nothing more."""
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    key = await face.key("metrics:read", tenant="acme")

    assert (await face.ask("GET", "/metrics", key=None)).status == 401
    assert (await face.ask("GET", "/metrics", key=key)).status == 200
    assert (await face.ask("GET", "/ownerz", key=key)).json["sessions"] == 2


async def test_alive_asks_the_loop_alone(face: Face) -> None:
    """With a store that is away, or a service that drains, the process lives."""
    face.engine.is_ready = "the service is draining"
    await face.state.stop()

    alive = await request(face.app, "GET", "/livez")
    face.engine.lag = 6.0
    late = await request(face.app, "GET", "/livez")

    assert (alive.status, late.status) == (200, 503)


async def test_ready_asks_the_store(face: Face) -> None:
    """A store that is away is a 503, and none that drains is ready."""
    good = await request(face.app, "GET", "/readyz")
    face.engine.is_ready = "the service is draining"
    draining = await request(face.app, "GET", "/readyz")
    face.engine.is_ready = None
    await face.state.stop()
    away = await request(face.app, "GET", "/readyz")

    assert [each.status for each in (good, draining, away)] == [200, 503, 503]
    assert away.code == "store"


async def test_who_can_write_nothing_is_not_ready(tmp_path: Path) -> None:
    """By what became of the last write, as a probe writes nothing; with room it is ready again."""
    store = SqliteStore(tmp_path / "state", StillClock())
    await store.start()
    face = Face(store, StillClock())
    wish = {"name": "x" * 200}

    async def bounded(pages: int) -> None:
        pragma = f"PRAGMA max_page_count = {pages}"
        await store._writer.run(lambda at: at.execute(pragma).fetchone(), writes=False)

    before = await request(face.app, "GET", "/readyz")
    await bounded(1)
    answers = [await face.ask("POST", "/v1/tenants", wish) for _ in range(20)]
    full = await request(face.app, "GET", "/readyz")
    await bounded(100_000)
    answers.append(await face.ask("POST", "/v1/tenants", wish))
    after = await request(face.app, "GET", "/readyz")
    await store.stop()

    assert {each.status for each in answers[-2:]} == {503, 201}
    assert (full.status, full.code) == (503, "store_full")
    assert (before.status, after.status) == (200, 200)


async def test_ready_asks_for_the_key_of_secrets(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the key that opens what is sealed nothing can be served."""

    async def lost() -> None:
        raise SecretError("the key is another one")

    monkeypatch.setattr(face.vault, "prove", lost)

    assert (await request(face.app, "GET", "/readyz")).status == 503


def test_a_proxy_is_believed_where_it_is_trusted() -> None:
    """The last address that no trusted proxy has is who asks; what stands before it may be made up."""
    networks = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]

    def asked(peer: str, told: str) -> str:
        headers = [(b"x-forwarded-for", told.encode())]
        return remote({"type": "http", "client": (peer, 1), "headers": headers}, networks)

    assert asked("10.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert asked("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.9.9.9") == "203.0.113.9"
    assert asked("192.0.2.1", "203.0.113.9") == "192.0.2.1"
    assert asked("10.0.0.1", "") == "10.0.0.1"
    assert asked("2001:db8::1", " , nonsense") == "nonsense"


async def test_two_apps_share_nothing() -> None:
    """An app is made of its services alone: a key of the one opens nothing of the other."""
    clock = StillClock(NOW)
    stores = [MemoryStore(clock), MemoryStore(clock)]
    for store in stores:
        await store.start()
    one, two = (Face(store, clock) for store in stores)
    key = await one.key()

    assert (await one.ask("GET", "/v1/keys", key=key)).status == 200
    assert (await two.ask("GET", "/v1/keys", key=key)).status == 401
    for store in stores:
        await store.stop()


async def test_a_document_is_for_anybody_unless_it_is_off(face: Face) -> None:
    """It says what the source says; who wants it hidden can say so."""
    there = await request(face.app, "GET", "/openapi.json")
    paced(face, docs=False)
    gone = await request(face.app, "GET", "/openapi.json")

    assert json.loads(there.body)["info"]["title"] == "Vedette"
    assert gone.status == 404
