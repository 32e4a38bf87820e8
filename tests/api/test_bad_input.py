"""Bad input for every route: a clear 4xx, and nothing in the state has changed."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.api.operations import Operation, operations
from tests.support.api import Face
from vedette.api.frame import routed
from vedette.ports.records import Kind

IDS: Final = {"tenant": "acme", "account": "box", "key": "nokey"}

#: Bodies that no operation takes.
NO_BODY: Final = (b"", b"{", b"null", b"[]", b"7", b'"text"', b"\xff", b'{"a": ' * 5000, b"NaN")

WRITERS: Final = [each for each in operations(routed().openapi()) if each.takes_body]


async def revision(face: Face) -> list[tuple[str, int]]:
    """Return what the state is; that a key was used is no change of what was set."""
    touched = await face.state.records.touched(0)
    return [(each.id, each.revision) for each in touched if each.kind is not Kind.KEY]


async def given(face: Face) -> None:
    account = {"id": "box", "email": "a@example.org", "host": "h.example", "password": "p"}
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    assert (await face.ask("POST", "/v1/accounts", {**account, "tenant": "acme"})).status == 201


#: Values that no member of a body may have.
WRONG: Final[tuple[object, ...]] = ([[]], {"a": {"b": 1}}, 10**30, -1, True, "x\0y", "x" * 100_000)


def broken(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return bodies of which each has one thing wrong."""
    values = [{**body, name: value} for name in body for value in WRONG]
    return [{**body, "no such member": 1}, *values]


@pytest.mark.parametrize("operation", WRITERS, ids=lambda each: each.name)
async def test_a_body_that_is_wrong_changes_nothing(face: Face, operation: Operation) -> None:
    """Whatever is wrong with it, the answer is a problem and the revision is as it was."""
    await given(face)
    before = await revision(face)
    method, path, body = operation.at(IDS)

    for wrong in [*NO_BODY, *broken(body)]:
        if wrong in (b"", b"null") and operation.name == "pause_tenant":
            continue  # its body may be left out
        answer = await face.ask(method, path, wrong)
        assert 400 <= answer.status < 500, (operation.name, wrong)
        assert answer.code, (operation.name, wrong)

    assert await revision(face) == before


#: What matches nothing, a weak tag even where its version is there, and what is no list of tags.
TAGS = (
    *((tag, 412) for tag in ('"9"', '"0"', '"x"', '"1,2"', 'W/"1"', 'W/"1", "9"', '"8" ,, "9"')),
    *((tag, 400) for tag in ("9", '"', '"9', "W/9", 'w/"9"', '"8" "9"', '"9",*', ",", "")),
)


async def test_a_version_that_is_not_there_changes_nothing(face: Face) -> None:
    """If-Match with another version, or none that can be one, is refused on every route of its kind."""
    await given(face)
    before = await revision(face)

    for method, path, body in (
        ("PATCH", "/v1/tenants/acme", {"name": "x"}),
        ("DELETE", "/v1/tenants/acme", None),
        ("PATCH", "/v1/accounts/box", {"title": "x"}),
        ("DELETE", "/v1/accounts/box", None),
        ("POST", "/v1/accounts/box/pause", None),
        ("POST", "/v1/accounts/box/reconnect", None),
        ("POST", "/v1/accounts/box/resync", {"since": "2026-11-01"}),
    ):
        for tag, status in TAGS:
            answer = await face.ask(method, path, body, if_match=tag)
            assert answer.status == status, (method, path, tag)

    assert await revision(face) == before


async def test_the_version_that_is_there_may_be_changed(face: Face) -> None:
    """The ETag of an answer is the If-Match of the next request; a star is any version."""
    await given(face)
    first = await face.ask("GET", "/v1/accounts/box")

    second = await face.ask(
        "PATCH", "/v1/accounts/box", {"title": "x"}, if_match=first.headers["etag"]
    )
    third = await face.ask("PATCH", "/v1/accounts/box", {"title": "y"}, if_match="*")

    tags = [int(each.headers["etag"].strip('"')) for each in (first, second, third)]
    assert tags == [tags[0], tags[0] + 1, tags[0] + 2]


async def test_one_of_some_versions_may_be_changed(face: Face) -> None:
    """A list of tags matches where one of them does (RFC 9110 section 13.1.1)."""
    await given(face)

    for tags in ('"8", {}', '{} , W/"8"', '"a,b",{}', ",{},"):
        etag = (await face.ask("GET", "/v1/accounts/box")).headers["etag"]
        answer = await face.ask(
            "PATCH", "/v1/accounts/box", {"title": tags}, if_match=tags.format(etag)
        )
        assert (answer.status, answer.json["title"]) == (200, tags)
    etag = (await face.ask("GET", "/v1/accounts/box")).headers["etag"]
    gone = await face.ask("DELETE", "/v1/accounts/box", if_match=f'"8", {etag}')
    assert gone.status == 204


async def test_a_tag_of_what_is_gone_changes_nothing_of_its_successor(face: Face) -> None:
    """An id that is taken anew is another thing: who has read the one that is gone is told so."""
    wish = {"email": "anna@example.org", "password": "secret", "host": "imap.example.org"}
    await face.ask("POST", "/v1/accounts", {"id": "again", **wish})
    old = (await face.ask("GET", "/v1/accounts/again")).headers["etag"]
    await face.ask("DELETE", "/v1/accounts/again")
    await face.ask("POST", "/v1/accounts", {"id": "again", **wish})

    late = [
        await face.ask("PATCH", "/v1/accounts/again", {"title": "x"}, if_match=old),
        await face.ask("DELETE", "/v1/accounts/again", if_match=old),
    ]

    assert [(each.status, each.code) for each in late] == [(412, "stale")] * 2
    assert (await face.ask("GET", "/v1/accounts/again")).json["title"] == ""


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", "1.5", ""])
async def test_a_page_has_one_to_a_thousand_items(face: Face, limit: str) -> None:
    """Any other number is a mistake, on every list."""
    for path in ("tenants", "accounts", "consents", "keys", "audit"):
        answer = await face.ask("GET", f"/v1/{path}?limit={limit}")
        assert (answer.status, answer.code) == (422, "invalid"), path
