"""Endpoints are set, tried, enabled, replayed to and redriven; secrets are shown once.

Must not know: how anything is delivered.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.store.bundle import post, posting, settled, take
from tests.support.api import Answer, Face
from tests.support.trust import guard
from vedette.app.guards.protection import enforced, wanted, written
from vedette.model.delivery import DeliveryState, Refused
from vedette.model.ids import EndpointId, TenantId
from vedette.ports.store import Point, Span
from vedette.service.endpoints.replay import Bookmark

HOOK = {"type": "webhook", "url": "https://hooks.example/planted-url", "title": "Hook"}


async def tenant(face: Face, name: str = "acme") -> str:
    """Return a key that may do all with the endpoints of a tenant."""
    if (await face.ask("GET", f"/v1/tenants/{name}")).status == 404:
        await face.ask("POST", "/v1/tenants", {"id": name})
    return await face.key("endpoints:*", "events:*", tenant=name)


async def made(face: Face, key: str, **members: object) -> str:
    answer = await face.ask("POST", "/v1/endpoints", {**HOOK, **members}, key=key)
    assert answer.status == 201, answer.body
    id_: str = answer.json["id"]
    return id_


async def test_a_signing_secret_is_shown_once(face: Face) -> None:
    """To whoever made it, or had it made anew; both are valid until the old one is retired."""
    key = await tenant(face)
    answer = await face.ask("POST", "/v1/endpoints", HOOK, key=key)
    first, id_ = answer.json["secret"], answer.json["id"]
    assert first.startswith("whsec_")
    shown = await face.ask("GET", f"/v1/endpoints/{id_}", key=key)
    assert shown.json["secrets"] == ["secret", "url"]
    assert shown.json["place"] == "https://hooks.example"
    rotated = await face.ask("POST", f"/v1/endpoints/{id_}/rotate", key=key)
    assert rotated.json["secret"] not in {None, first}
    assert rotated.json["secrets"] == ["secret", "secret_old", "url"]
    retired = await face.ask("POST", f"/v1/endpoints/{id_}/retire", key=key)

    assert retired.json["secrets"] == ["secret", "url"]
    for each in (shown, retired, await face.ask("GET", "/v1/endpoints", key=key)):
        assert first.encode() not in each.body
        assert b"planted-" not in each.body


async def test_an_endpoint_is_changed_at_its_version(face: Face) -> None:
    """What is not sent stays, null goes back; another version is a 412, and nothing changes."""
    key = await tenant(face)
    id_ = await made(face, key, events=["message.*"], timeout=5.0)
    path = f"/v1/endpoints/{id_}"
    read = (await face.ask("GET", path, key=key)).headers["etag"]
    done = await face.ask("PATCH", path, {"events": None, "ordered": True}, key=key, if_match=read)
    late = await face.ask("PATCH", path, {"title": "Late"}, key=key, if_match=read)

    assert done.status == 200
    assert done.headers["etag"] != read
    assert (done.json["events"], done.json["ordered"]) == (None, True)
    assert done.json["settings"] == {"timeout": 5.0}
    assert (late.status, late.code) == (412, "stale")
    assert (await face.ask("GET", path, key=key)).json["title"] == "Hook"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "webhook"}, 422),
        ({**HOOK, "url": "https://127.0.0.1/"}, 422),
        ({**HOOK, "url": "ftp://hooks.example"}, 422),
        ({**HOOK, "topic": "mail"}, 422),
        ({**HOOK, "headers": {"a b": "c"}}, 422),
        ({**HOOK, "headers": {"a": "b\r\nc: d"}}, 422),
        ({**HOOK, "headers": {"Content-Length": "0"}}, 422),
        ({**HOOK, "url": "https://hooks.example/\r\nX: planted-"}, 422),
        ({**HOOK, "url": "https://hooks.example:99999/"}, 422),
        ({**HOOK, "concurrency": 0}, 422),
        ({**HOOK, "private": True}, 403),
        ({"type": "exec", "command": ["/bin/true"]}, 403),
        ({**HOOK, "unknown": 1}, 422),
    ],
    ids=str,
)
async def test_bad_input_makes_no_endpoint(
    face: Face, body: dict[str, object], status: int
) -> None:
    """It is a clear 4xx."""
    key = await tenant(face)
    answer = await face.ask("POST", "/v1/endpoints", body, key=key)

    assert (answer.status, b"planted-" in answer.body) == (status, False)
    assert (await face.ask("GET", "/v1/endpoints", key=key)).json["items"] == []


async def test_stored_headers_are_not_sent_to_a_place_of_somebodys_own(face: Face) -> None:
    """Whoever turns a webhook elsewhere gives its headers and its secret anew."""
    key = await tenant(face)
    id_ = await made(face, key, headers={"Authorization": "planted-header"})
    answer = await face.ask(
        "PATCH", f"/v1/endpoints/{id_}", {"url": "https://evil.example"}, key=key
    )
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "headers")


async def test_a_test_is_signed_and_says_what_was_answered(face: Face) -> None:
    """It is a CloudEvent of its own type, sent once by the settings as they are saved."""
    key = await tenant(face)
    id_ = await made(face, key)
    answer = await face.ask("POST", f"/v1/endpoints/{id_}/test", key=key)
    ((settings, parcel),) = face.post.tried
    event = json.loads(parcel.body)

    assert answer.json["isGood"] is True
    assert (answer.json["outcome"], answer.json["detail"]) == ("delivered", "200")
    assert answer.json["milliseconds"] >= 0
    assert (event["type"], event["id"], event["tenant"]) == (
        "endpoint.test",
        answer.json["event"],
        "acme",
    )
    assert settings.endpoint.id == id_
    face.post.outcome = Refused(reason="500: planned works")
    again = await face.ask("POST", f"/v1/endpoints/{id_}/test", key=key)
    assert (again.json["isGood"], again.json["detail"]) == (False, "500: planned works")
    assert (await face.ask("GET", "/v1/deliveries", key=key)).json["items"] == []


async def test_a_replay_is_of_ones_own_events_and_goes_on(face: Face) -> None:
    """The tenant is the caller's, whatever is asked for; what is left is asked for by a cursor."""
    key = await tenant(face)
    id_ = await made(face, key)
    span = Span(first=Point(time=float("-inf"), number=0), last=Point(time=5.0, number=9))
    rest = Bookmark(endpoint=EndpointId(id_), tenant=TenantId("acme"), account=None, span=span)
    face.post.rest = rest
    wish = {"from": "2026-11-01", "to": "2026-11-02T00:00:00Z", "type": "message.*"}
    first = await face.ask("POST", f"/v1/endpoints/{id_}/replay", wish, key=key)
    face.post.rest = None
    then = {**wish, "next": first.json["next"]}
    second = await face.ask("POST", f"/v1/endpoints/{id_}/replay", then, key=key)

    assert (second.json["queued"], second.json["next"]) == (1, None)
    (one, name, before), (_, _, after) = face.post.replayed
    assert (one.tenant, one.types, name) == ("acme", ("message.*",), id_)
    assert (before, after) == (None, rest)
    everything = await face.ask("POST", f"/v1/endpoints/{id_}/replay", {}, key=key)
    assert (everything.status, everything.code) == (422, "invalid")
    wrong = await face.ask(
        "POST", f"/v1/endpoints/{id_}/replay", {**wish, "next": "MTpbXQ"}, key=key
    )
    assert (wrong.status, wrong.code) == (400, "malformed")


async def test_dead_letters_are_queued_again(face: Face) -> None:
    """Those of the caller's own tenant; where nothing is delivered to it that is told."""
    key = await tenant(face)
    id_ = await made(face, key)
    done = await face.ask("POST", f"/v1/endpoints/{id_}/redrive", {"account": "anna"}, key=key)
    assert done.json == {"queued": 1, "hasMore": False}
    ((query, _),) = face.post.redriven
    assert (query.tenant, query.account) == ("acme", "anna")
    face.post.known = False
    late = await face.ask("POST", f"/v1/endpoints/{id_}/redrive", {}, key=key)
    assert (late.status, late.code) == (409, "conflict")


async def test_deliveries_are_listed_page_by_page(face: Face) -> None:
    """Newest first, each once, by filters; a tenant sees those to its own endpoints."""
    key, other = await tenant(face), await tenant(face, "other")
    mine = EndpointId(await made(face, key))
    house = EndpointId("house")
    for number in range(7):
        name = f"e{number}"
        await post(face.state, posting(name, mine, house, time=100.0 + number // 3))
    (failed, *_) = await take(face.state, mine, now=1e6)
    await face.state.settle([settled(failed, DeliveryState.FAILED, reason="410")])

    found: list[str] = []
    after = ""
    for _ in range(9):
        page = await face.ask("GET", f"/v1/endpoints/{mine}/deliveries?limit=2{after}", key=key)
        found += [each["event"]["id"] for each in page.json["items"]]
        if page.json["next"] is None:
            break
        after = f"&after={page.json['next']}"
    assert found == [f"e{number}" for number in range(6, -1, -1)]
    dead = await face.ask("GET", "/v1/deliveries?state=failed", key=key)
    assert [(each["event"]["id"], each["reason"]) for each in dead.json["items"]] == [("e0", "410")]
    everywhere = await face.ask("GET", "/v1/deliveries", key=key)
    assert {each["endpoint"] for each in everywhere.json["items"]} == {mine}
    assert ids_of(await face.ask("GET", "/v1/deliveries?event=e3")) == {"e3"}
    assert (await face.ask("GET", "/v1/deliveries", key=other)).json["items"] == []
    foreign = await face.ask("GET", f"/v1/endpoints/{mine}/deliveries", key=other)
    assert (foreign.status, foreign.code) == (404, "not_found")


def ids_of(answer: Answer) -> set[str]:
    return {each["event"]["id"] for each in answer.json["items"]}


async def test_the_state_of_an_endpoint_is_told(face: Face) -> None:
    """Why it was given up and since when; it is enabled by a word."""
    key = await tenant(face)
    id_ = await made(face, key)
    state = await face.state.endpoint_state(EndpointId(id_))
    broken = replace(state, disabled_at=1000.0, disabled_reason="410", failures=3)
    await face.state.note_endpoint(broken)
    told = (await face.ask("GET", f"/v1/endpoints/{id_}/state", key=key)).json

    assert (told["isDisabled"], told["reason"], told["failures"]) == (True, "410", 3)
    assert (await face.ask("POST", f"/v1/endpoints/{id_}/enable", key=key)).status == 200
    assert face.post.enabled == [id_]


async def test_an_endpoint_by_which_a_held_guard_tells_its_partner_is_held(face: Face) -> None:
    """One code for its tenant and for admins, whatever would change; it is as it was after that."""
    key = await tenant(face)
    id_ = await made(face, key, events=["guard.changed"])
    wish = guard(partner=EndpointId(id_))
    held = written(enforced(wanted(wish, ""), wish, {}), face.clock.now())
    assert await face.state.enforce(held, by="test")
    path = f"/v1/endpoints/{id_}"
    before = await face.ask("GET", path, key=key)

    for who in (key, "root"):
        for method, at, body in (
            ("PATCH", path, {"active": False}),
            ("PATCH", path, {"events": ["message.*"]}),
            ("DELETE", path, None),
        ):
            answer = await face.ask(method, at, body, key=who)
            assert (answer.status, answer.code) == (409, "held")
            assert "give the guard another partner" in answer.json["detail"]
    assert (await face.ask("GET", path, key=key)).body == before.body
    assert (await face.ask("PATCH", path, {"title": "A friend"}, key=key)).status == 200
