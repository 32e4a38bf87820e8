"""Endpoints and guards of the configuration file are seen and used over the API, and changed there."""

from __future__ import annotations

import pytest

from tests.support.api import Face
from tests.support.office import filed_endpoint, filed_guard
from vedette.model.ids import TenantId

ACME = TenantId("acme")
URL = "https://hooks.example/planted-url"
MESSAGE = {"message": "From: a@shop.example\r\nSubject: Hello\r\n\r\nHello.\r\n"}


async def tenant(face: Face, name: str) -> str:
    await face.ask("POST", "/v1/tenants", {"id": name})
    return await face.key("endpoints:*", "guards:*", "mail:*", tenant=name)


@pytest.fixture
async def keys(face: Face) -> dict[str, str]:
    """Give the file a webhook and a guard of acme, and one of each of nobody; return keys."""
    face.file_endpoints = (filed_endpoint("hook", ACME, url=URL), filed_endpoint("printed"))
    face.file_guards = (filed_guard("offers", ACME), filed_guard("wide"))
    return {name: await tenant(face, name) for name in ("acme", "other")}


def ids(answer: object) -> list[str]:
    assert isinstance(answer, dict)
    return [each["id"] for each in answer["items"]]


async def test_what_the_file_has_is_listed_beside_the_records(
    face: Face, keys: dict[str, str]
) -> None:
    """To admins all of it, to a tenant what is its own alone; in the order of ids, page by page."""
    hook = {"type": "webhook", "url": URL}
    for id_ in ("alpha", "middle", "zulu"):
        await face.ask("POST", "/v1/endpoints", {**hook, "id": id_})

    found, after = [], ""
    while True:
        page = (await face.ask("GET", f"/v1/endpoints?limit=2{after}")).json
        found += ids(page)
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == ["alpha", "hook", "middle", "printed", "zulu"]

    for path, own, common in (("endpoints", "hook", "printed"), ("guards", "offers", "wide")):
        listed = await face.ask("GET", f"/v1/{path}")
        assert {own, common} <= set(ids(listed.json))
        assert ids((await face.ask("GET", f"/v1/{path}", key=keys["acme"])).json) == [own]
        assert ids((await face.ask("GET", f"/v1/{path}", key=keys["other"])).json) == []
        shown = await face.ask("GET", f"/v1/{path}/{own}", key=keys["acme"])
        assert (shown.json["origin"], shown.json["tenant"]) == ("file", "acme")
        assert b"planted-url" not in shown.body
        gone = await face.ask("GET", f"/v1/{path}/{own}", key=keys["other"])
        assert (gone.status, gone.code) == (404, "not_found")


CHANGES = [
    ("PATCH", "endpoints/hook", {"title": "x"}),
    ("DELETE", "endpoints/hook", None),
    ("POST", "endpoints/hook/rotate", None),
    ("POST", "endpoints/hook/retire", None),
    ("PATCH", "guards/offers", {"help": "x"}),
    ("DELETE", "guards/offers", None),
    ("POST", "guards/offers/attach", {"accounts": ["anna"]}),
    ("POST", "guards/offers/detach", {"accounts": ["anna"]}),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), CHANGES, ids=[f"{m} {p}" for m, p, _ in CHANGES]
)
async def test_what_the_file_has_is_changed_in_the_file(
    face: Face, keys: dict[str, str], method: str, path: str, body: object
) -> None:
    """Whoever sees it is told so; to others it is not there."""
    if path.endswith("attach"):
        account = {"id": "anna", "email": "a@example.org", "host": "h.example", "password": "p"}
        await face.ask("POST", "/v1/accounts", {**account, "tenant": "acme"})
    for key in ("root", keys["acme"]):
        answer = await face.ask(method, f"/v1/{path}", body, key=key)
        assert (answer.status, answer.code) == (403, "read_only")
    answer = await face.ask(method, f"/v1/{path}", body, key=keys["other"])
    assert (answer.status, answer.code) == (404, "not_found")


async def test_an_endpoint_of_the_file_is_used_by_its_name(
    face: Face, keys: dict[str, str]
) -> None:
    """Its state, a test, what became of deliveries, redrive and replay, of its tenant too."""
    for key in ("root", keys["acme"]):
        for method, path, body in (
            ("GET", "state", None),
            ("POST", "enable", None),
            ("POST", "test", None),
            ("GET", "deliveries", None),
            ("POST", "redrive", {}),
            ("POST", "replay", {"type": "message.*"}),
        ):
            answer = await face.ask(method, f"/v1/endpoints/hook/{path}", body, key=key)
            assert answer.status == 200, (path, answer.body)
            other = await face.ask(method, f"/v1/endpoints/hook/{path}", body, key=keys["other"])
            assert other.status == 404, path
    assert [each for each, _ in face.post.tried] == [face.file_endpoints[0]] * 2


async def test_a_guard_of_the_file_is_tried_by_its_name(face: Face, keys: dict[str, str]) -> None:
    """As it is in the file, and a draft in its place; what it decided is its tenant's to read."""
    for key in ("root", keys["acme"]):
        tried = await face.ask("POST", "/v1/guards/offers/test", MESSAGE, key=key)
        assert tried.status == 200, tried.body
    foreign = await face.ask("POST", "/v1/guards/offers/test", MESSAGE, key=keys["other"])
    assert foreign.status == 404

    rows = "/v1/guards/decisions?guard=offers"
    assert (await face.ask("GET", rows, key=keys["acme"])).status == 200
    assert (await face.ask("GET", rows, key=keys["other"])).status == 404


async def test_a_file_goes_before_a_record_of_the_same_name(face: Face) -> None:
    """As it does where events are delivered."""
    await face.ask("POST", "/v1/endpoints", {"type": "webhook", "url": URL, "id": "hook"})
    face.file_endpoints = (filed_endpoint("hook"),)

    assert ids((await face.ask("GET", "/v1/endpoints")).json) == ["hook"]
    assert (await face.ask("GET", "/v1/endpoints/hook")).json["origin"] == "file"
