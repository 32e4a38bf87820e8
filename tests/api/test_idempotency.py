"""A POST that is sent again with its idempotency key has its effect once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from tests.api.conftest import NOW
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.memory_store import MemoryStore
from vedette.api.idempotency import CLAIM, KEPT
from vedette.errors import StoreError
from vedette.ports.records import Kind, Put, RecordQuery

KEY = {"idempotency_key": "6f1c6f9e-5a7e-4a52-9d0e-0c5a2a3f7b11"}
WISH = {"name": "Acme"}


async def tenants(face: Face) -> list[str]:
    listed = await face.ask("GET", "/v1/tenants")
    return [each["id"] for each in listed.json["items"]]


def later(face: Face, seconds: float) -> None:
    cast("StillClock", face.clock).time += seconds


async def test_a_repeat_is_answered_as_before(face: Face) -> None:
    """The second answer is the first one, and says that it is."""
    first = await face.ask("POST", "/v1/tenants", WISH, **KEY)
    second = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    assert (first.status, first.body) == (second.status, second.body)
    assert first.headers["location"] == second.headers["location"]
    assert first.headers["etag"] == second.headers["etag"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len(await tenants(face)) == 1


async def test_of_many_at_once_one_has_an_effect(face: Face) -> None:
    """Those that come while the first is under way are told to wait, or get its answer."""
    await face.ask("GET", "/v1/tenants")

    answers = await asyncio.gather(
        *(face.ask("POST", "/v1/tenants", WISH, **KEY) for _ in range(20))
    )

    assert {each.status for each in answers} <= {201, 409}
    assert len({each.body for each in answers if each.status == 201}) == 1
    assert {each.code for each in answers if each.status == 409} <= {"in_progress"}
    assert len(await tenants(face)) == 1


async def test_another_request_with_the_key_is_refused(face: Face) -> None:
    """A key names one request: another body, or another address, is a mistake of the caller."""
    await face.ask("POST", "/v1/tenants", WISH, **KEY)

    body = await face.ask("POST", "/v1/tenants", {"name": "Other"}, **KEY)
    path = await face.ask("POST", "/v1/audit/verify", None, **KEY)

    assert [each.code for each in (body, path)] == ["key_reused", "key_reused"]
    assert body.status == 422
    assert len(await tenants(face)) == 1


async def test_keys_of_two_callers_do_not_meet(face: Face) -> None:
    """Who guesses another's idempotency key gets nothing of its answer."""
    other = await face.key()
    first = await face.ask("POST", "/v1/tenants", WISH, **KEY)
    second = await face.ask("POST", "/v1/tenants", WISH, key=other, **KEY)

    assert first.json["id"] != second.json["id"]


async def test_what_was_refused_may_be_mended_under_the_same_key(face: Face) -> None:
    """A request that had no effect does not use its key up."""
    wrong = await face.ask("POST", "/v1/tenants", {"name": 7}, **KEY)
    right = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    assert (wrong.status, right.status) == (422, 201)


async def test_an_answer_is_forgotten_after_a_day(face: Face) -> None:
    """The key may be used anew then."""
    await face.ask("POST", "/v1/tenants", WISH, **KEY)
    later(face, KEPT + 1)

    again = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    assert again.status == 201
    assert len(await tenants(face)) == 2


async def test_a_request_whose_end_is_not_known_is_not_done_again_at_once(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a defect, or a store that went away, the effect may have happened: who asks is told."""

    async def fail(*_words: object, **_named: object) -> None:
        raise StoreError("the answer was lost")

    with monkeypatch.context() as patched:
        patched.setattr(type(face.services.tenants), "create", fail)
        lost = await face.ask("POST", "/v1/tenants", WISH, **KEY)
    soon = await face.ask("POST", "/v1/tenants", WISH, **KEY)
    later(face, CLAIM + 1)
    then = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    assert [each.status for each in (lost, soon, then)] == [503, 409, 201]
    assert soon.code == "in_progress"


async def test_the_secret_in_an_answer_is_kept_sealed(face: Face) -> None:
    """A key that is shown once is in no record in the clear, and a repeat still shows it."""
    wish = {"name": "k", "scopes": ["admin"]}
    first = await face.ask("POST", "/v1/keys", wish, **KEY)
    second = await face.ask("POST", "/v1/keys", wish, **KEY)

    records = await face.state.records.records(RecordQuery(kind=Kind.ANSWER))
    sealed = await face.state.records.secrets(Kind.ANSWER, [each.id for each in records])
    assert second.json["key"] == first.json["key"]
    assert len(records) == len(sealed) == 1
    assert first.json["key"] not in records[0].body
    assert first.json["key"].encode() not in sealed[0].value


async def test_an_answer_that_can_not_be_kept_is_given_all_the_same(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done is answered as done, although a repeat will not be known."""
    records = face.state.records
    write = records.write

    async def fail(changes: Sequence[Put], **named: object) -> object:
        if any(change.record.kind is Kind.ANSWER and change.expected for change in changes):
            raise StoreError("the disk is full")
        return await write(changes, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "write", fail)

    answer = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    assert answer.status == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\tb", "a b", "ä"])
async def test_a_key_is_one_printable_word(face: Face, key: str) -> None:
    """What can be no key is refused and not cut."""
    answer = await face.ask("POST", "/v1/tenants", WISH, idempotency_key=key)

    assert (answer.status, answer.code) == (400, "malformed")


async def test_only_a_post_is_remembered(face: Face) -> None:
    """Other methods can be sent again by what they are (RFC 9110 section 9.2.2)."""
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    one = await face.ask("PATCH", "/v1/tenants/acme", {"name": "One"}, **KEY)
    two = await face.ask("PATCH", "/v1/tenants/acme", {"name": "Two"}, **KEY)

    assert [one.json["name"], two.json["name"]] == ["One", "Two"]


async def test_two_instances_share_what_was_answered() -> None:
    """A repeat that another instance gets is known there as well."""
    clock = StillClock(NOW)
    store = MemoryStore(clock)
    await store.start()
    one, two = Face(store, clock), Face(store, clock)
    two.root = one.root = await one.key()

    first = await one.ask("POST", "/v1/tenants", WISH, **KEY)
    second = await two.ask("POST", "/v1/tenants", WISH, **KEY)

    assert second.body == first.body
    await store.stop()
