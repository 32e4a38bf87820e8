"""Every route by every kind of caller, with own, foreign and missing ids, on both real stores.

Must not know: any route; they are found in the OpenAPI document.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from tests.api.conftest import NOW
from tests.api.operations import BODIES, GUARD, TAGS, Operation, operations
from tests.store.bundle import StillClock, entry, posting
from tests.support.api import ROOT, Answer, Face
from tests.support.postgres import Postgres
from vedette.api.assembly import State
from vedette.api.frame import build
from vedette.app.guards.wish import pausing
from vedette.identity.oauth.consent import Consent, ConsentBook, Pair
from vedette.model.ids import AccountId, ActionId, TenantId
from vedette.ports.override import Scope
from vedette.ports.ratchet import Loosening
from vedette.ports.store import Fence
from vedette.secret import Secret
from vedette.service.keys import SCOPES
from vedette.store.postgres.store import PostgresStore
from vedette.store.sqlite.store import SqliteStore

NUMBERS = count(1)
ALL = tuple(SCOPES)
#: Ids that many have: a number, which its guard stands for in a list, and a tenant's own reader.
PLAIN = ("change", "reader")
#: What asks a mail server; who is let in there is in test_messages.py.
AT_A_SERVER = ("folders", "messages")
#: What ends at a token service or an engine that nobody runs here, and by which code.
ELSEWHERE = {
    "begin_device": "authorization_refused",
    "poll_device": "unknown_state",
    "backtest_guard": "conflict",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A tenant, with an account, a key that may do all of it, and the ids by their names."""

    ids: dict[str, str]
    key: str


@pytest.fixture(scope="module")
def databases() -> dict[int, str]:
    """Hold the one database of these tests: each makes tenants of its own."""
    return {}


@pytest.fixture(params=["sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, databases: dict[int, str]
) -> AsyncIterator[State]:
    """Return a real store."""
    clock = StillClock(NOW)
    kept: SqliteStore | PostgresStore
    if request.param == "sqlite":
        kept = SqliteStore(tmp_path, clock)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        if server.port not in databases:
            databases[server.port] = await server.make()
        url = Secret(server.url(databases[server.port]))
        kept = PostgresStore(url, clock, instance="one")
    await kept.start()
    yield kept
    await kept.stop()


@pytest.fixture
async def face(store: State) -> AsyncIterator[Face]:
    made = Face(store, StillClock(NOW))
    yield made
    await made.transport.stop()


async def house(face: Face) -> House:
    number = next(NUMBERS)
    name, box = f"tenant{number}", f"box{number}"
    await face.ask("POST", "/v1/tenants", {"id": name})
    account = {"tenant": name, "id": box, "email": "a@example.org", "host": "h.example"}
    made = await face.ask("POST", "/v1/accounts", {**account, "password": "planted-one"})
    assert made.status == 201, made.body
    await face.ask("PUT", f"/v1/consents/{box}", {"version": "1"})
    key = await face.key(*ALL, tenant=name)
    listed = await face.ask("GET", f"/v1/keys?tenant={name}")
    ids = {"tenant": name, "account": box, "key": listed.json["items"][0]["id"]}
    outward = await watched(face, name, box)
    return House(ids={**ids, **(await connected(face, name, box)), **outward}, key=key)


async def watched(face: Face, tenant: str, box: str) -> dict[str, str]:
    """Have an endpoint, a guard with an action and a loosening that waits, an event, a reader."""
    hook = {"tenant": tenant, "type": "webhook", "url": "https://hooks.example/planted-url"}
    endpoint = (await face.ask("POST", "/v1/endpoints", hook)).json["id"]
    guarding = {"tenant": tenant, "text": GUARD, "accounts": [box]}
    guard = (await face.ask("POST", "/v1/guards", guarding)).json["id"]
    data = {"folder": {"path": "INBOX"}, "uid": 7, "uidValidity": 7}
    body = json.dumps({"id": f"told{box[3:]}", "data": data}).encode()
    account, whose = AccountId(box), TenantId(tenant)
    told = posting(f"told{box[3:]}", account=account, tenant=whose, body=body)
    await face.state.post(Fence(), [told])
    done = replace(
        entry(7, account=account, tenant=whose, guard=guard), id=ActionId(f"acted{box[3:]}")
    )
    await face.state.intend(Fence(), [], [done])
    loosening = Loosening(
        tenant=whose, guard=guard, what=pausing(Scope.GUARD, guard, None), by="a person"
    )
    change = await face.state.request(loosening, delay=3600.0, now=NOW)
    return {
        "endpoint": endpoint,
        "guard": guard,
        "event": f"told{box[3:]}",
        "action": f"acted{box[3:]}",
        "change": str(change.id),
        "reader": "billing",
    }


async def connected(face: Face, tenant: str, box: str) -> dict[str, str]:
    """Have an app that nobody answers at, a link, a consent, and one on a device; return their ids."""
    app = {
        "tenant": tenant,
        "tokenUrl": "https://127.0.0.1:9/token",
        "authorizeUrl": "https://127.0.0.1:9/authorize",
        "deviceUrl": "https://127.0.0.1:9/device",
        "clientId": "client",
        "clientSecret": "planted-client",
        "private": True,
    }
    made = (await face.ask("POST", "/v1/oauth/apps", app)).json["id"]
    link = (await face.ask("POST", "/v1/links", {"tenant": tenant})).json["id"]
    now = face.clock.now()
    consent = Consent(
        account=AccountId(box),
        tenant=TenantId(tenant),
        app=made,
        pair=Pair(refresh=Secret("planted-refresh")),
        consented_at=now,
    )
    await ConsentBook(face.state.records, face.vault).write(consent, tokens=True, now=now)
    return {"app_id": made, "link": link, "device_id": f"device-of-{box}"}


async def asked(face: Face, operation: Operation, ids: dict[str, str], key: str | None) -> Answer:
    method, path, body = operation.at(ids)
    return await face.ask(method, path, body, key=key)


def same(answer: Answer, ids: dict[str, str]) -> Any:
    """Return a problem without what names this one occurrence, and the ids that were sent."""
    told = answer.body.decode()
    # The longest first: the id of a guard has that of its tenant in it.
    for name, id_ in sorted(ids.items(), key=lambda each: -len(each[1])):
        # A number may be part of anything.
        told = told.replace(f"'{id_}'", f"'{name}'") if id_.isdecimal() else told.replace(id_, name)
    return [part for part in told.split(", ") if "urn:uuid" not in part]


def of_tag(face: Face, tag: str) -> list[Operation]:
    return [each for each in operations(face.app.openapi()) if each.tag == tag]


async def test_the_matrix_has_every_operation(face: Face) -> None:
    """No tag is left out, and each operation that takes a body has one."""
    found = operations(face.app.openapi())

    assert sorted({each.tag for each in found}) == sorted(TAGS)
    assert [each.name for each in found if each.takes_body and each.body is None] == []
    assert sorted(BODIES) == sorted(each.name for each in found if each.body is not None)


@pytest.mark.parametrize("tag", TAGS)
async def test_who_has_no_valid_key_gets_nothing(face: Face, tag: str) -> None:
    """Without a key, with a revoked, an expired or a made-up one, all answers are one 401."""
    there = await house(face)
    given = {"name": "t", "scopes": ["admin"], "expiresAt": NOW + 10}
    _, expired = await face.services.keys.create(ROOT, given)
    revoked_key, revoked = await face.services.keys.create(ROOT, {"name": "t", "scopes": ["admin"]})
    await face.services.keys.revoke(ROOT, revoked_key.id)
    cast("StillClock", face.clock).time += 20
    wrong = [None, expired.reveal(), revoked.reveal(), "vdt_" + "x" * 43, "nonsense"]

    for operation in of_tag(face, tag):
        if operation.scopes is None:
            assert (await asked(face, operation, there.ids, None)).status == 200
            continue
        for key in wrong:
            answer = await asked(build_anew(face), operation, there.ids, key)
            assert (answer.status, answer.code) == (401, "unauthorized"), (operation, key)
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("tag", TAGS)
async def test_a_key_does_what_its_scopes_say_and_no_more(face: Face, tag: str) -> None:
    """Without any one of the scopes that a route asks for it is a 403; an admin's is no tenant's."""
    there = await house(face)
    for operation in of_tag(face, tag):
        for scope in operation.scopes or ():
            key = await face.key(
                *(each for each in ALL if each != scope), tenant=there.ids["tenant"]
            )
            answer = await asked(face, operation, there.ids, key)
            assert (answer.status, answer.code) == (403, "forbidden"), (operation, scope)


@pytest.mark.parametrize("tag", TAGS)
async def test_what_another_has_is_as_if_it_were_not_there(face: Face, tag: str) -> None:
    """A foreign id and one that nobody has are answered by the same words, and change nothing."""
    mine, theirs = await house(face), await house(face)
    missing = {name: f"none-{name}".ljust(len(id_), "-") for name, id_ in theirs.ids.items()}
    before = await face.ask("GET", f"/v1/accounts/{theirs.ids['account']}")

    for operation in of_tag(face, tag):
        if operation.is_for_admins or operation.at(theirs.ids) == operation.at(mine.ids):
            continue
        foreign = await asked(face, operation, theirs.ids, mine.key)
        unknown = await asked(face, operation, missing, mine.key)
        assert foreign.status == unknown.status, operation
        if operation.name == "change_accounts":
            told = foreign.json["update"] + foreign.json["delete"]
            assert {each["status"] for each in told} == {404}
        else:
            assert foreign.status in {403, 404, 410, 422}, operation
        assert same(foreign, theirs.ids) == same(unknown, missing), operation

    assert (await face.ask("GET", f"/v1/accounts/{theirs.ids['account']}")).json == before.json


@pytest.mark.parametrize("tag", TAGS)
async def test_no_list_has_what_is_foreign(face: Face, tag: str) -> None:
    """A tenant that lists sees its own, whatever filter it names."""
    mine, theirs = await house(face), await house(face)
    named = theirs.ids["tenant"]

    for operation in of_tag(face, tag):
        if operation.method != "GET" or "{" in operation.path or operation.scopes is None:
            continue
        for query in ("", f"?tenant={named}", f"?q={named}", "?limit=1000"):
            answer = await face.ask("GET", operation.path + query, key=mine.key)
            told = answer.body.decode().replace(f"tenant '{named}'", "")
            found = [id_ for name, id_ in theirs.ids.items() if name not in PLAIN and id_ in told]
            assert not found, (operation, query)


@pytest.mark.parametrize("tag", sorted(set(TAGS) - set(AT_A_SERVER)))
async def test_who_may_is_let(face: Face, tag: str) -> None:
    """With all scopes a tenant does to its own, and an admin to all, what the route is for."""
    for operation in of_tag(face, tag):
        there = await house(face)
        if operation.scopes is not None and not operation.is_for_admins:
            answer = await asked(face, operation, there.ids, there.key)
            assert is_let(operation, answer), (operation, answer.body)
            there = await house(face)
        answer = await asked(face, operation, there.ids, "root")
        assert is_let(operation, answer), (operation, answer.body)
        assert b"planted-" not in answer.body


def is_let(operation: Operation, answer: Answer) -> bool:
    """Tell whether it was done, or failed where another service has a part in it."""
    return 200 <= answer.status < 300 or answer.code == ELSEWHERE.get(operation.name)


def build_anew(face: Face) -> Face:
    """Let the doorkeeper forget how many wrong keys came."""
    face.app = build(face.services)
    return face
