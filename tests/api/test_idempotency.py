"""A POST that is sent again with its idempotency key has its effect once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from tests.api.conftest import NOW
from tests.store.bundle import StillClock
from tests.support.api import Face
from tests.support.memory_store import MemoryStore
from vedette.api import idempotency
from vedette.api.claims import CLAIM, KEPT
from vedette.api.idempotency import Once
from vedette.errors import StoreError
from vedette.ports.records import Kind, Put, RecordQuery
from vedette.service.accounts.tenants import Tenants

KEY = {"idempotency_key": "6f1c6f9e-5a7e-4a52-9d0e-0c5a2a3f7b11"}
WISH = {"name": "Acme"}


async def tenants(face: Face) -> list[str]:
    listed = await face.ask("GET", "/v1/tenants")
    return [each["id"] for each in listed.json["items"]]


def later(face: Face, seconds: float) -> None:
    cast("StillClock", face.clock).time += seconds


@asynccontextmanager
async def two_faces() -> AsyncIterator[tuple[Face, Face]]:
    """Give two instances on one state, which an admin's key opens."""
    clock = StillClock(NOW)
    store = MemoryStore(clock)
    await store.start()
    one, two = Face(store, clock), Face(store, clock)
    two.root = one.root = await one.key()
    yield one, two
    await store.stop()


def raising(failure: Exception) -> Callable[..., Awaitable[object]]:
    async def fail(*_words: object, **_named: object) -> object:
        raise failure

    return fail


async def nothing(*_words: object) -> None:
    """Do nothing, as a process that is dead."""


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


@pytest.mark.usefixtures("logged")
async def test_what_failed_without_an_effect_may_be_sent_again_at_once(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was away, or a defect, leaves nothing that keeps a retry waiting."""
    for failure in (StoreError("the database is away"), RuntimeError("a defect")):
        key = {"idempotency_key": type(failure).__name__}
        with monkeypatch.context() as patched:
            patched.setattr(type(face.services.tenants), "create", raising(failure))
            lost = await face.ask("POST", "/v1/tenants", WISH, **key)
        soon = await face.ask("POST", "/v1/tenants", WISH, **key)

        assert (lost.status >= 500, soon.status) == (True, 201)


async def test_a_claim_that_could_not_be_let_go_is_taken_over(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store was away when the claim was to go: the instance that had it waits for nothing."""
    with monkeypatch.context() as patched:
        patched.setattr(type(face.services.tenants), "create", raising(StoreError("away")))
        patched.setattr(Once, "_settle", nothing)
        lost = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    soon = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    assert (lost.status, soon.status) == (503, 201)
    assert len(await tenants(face)) == 1


async def test_what_had_an_effect_and_no_answer_is_not_done_again(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The effect is marked with itself: a crash right after it makes no second one, ever."""
    create = Tenants.create

    async def fail(self: Tenants, *words: Any, **named: Any) -> object:
        await create(self, *words, **named)
        raise StoreError("the store went away right after")

    with monkeypatch.context() as patched:
        patched.setattr(Tenants, "create", fail)
        lost = await face.ask("POST", "/v1/tenants", WISH, **KEY)
    soon = await face.ask("POST", "/v1/tenants", WISH, **KEY)
    later(face, KEPT / 2)
    then = await face.ask("POST", "/v1/tenants", WISH, **KEY)

    assert [each.status for each in (lost, soon, then)] == [503, 409, 409]
    assert soon.code == then.code == "answer_lost"
    assert len(await tenants(face)) == 1


async def test_the_claim_of_an_instance_that_died_stands_for_some_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody else knows that it died; then another takes its place."""
    async with two_faces() as (one, two):
        with monkeypatch.context() as patched:
            patched.setattr(Tenants, "create", raising(StoreError("away")))
            patched.setattr(Once, "_settle", nothing)
            await one.ask("POST", "/v1/tenants", WISH, **KEY)
        soon = await two.ask("POST", "/v1/tenants", WISH, **KEY)
        later(two, CLAIM + 1)
        then = await two.ask("POST", "/v1/tenants", WISH, **KEY)

        assert [soon.code, then.status] == ["in_progress", 201]


async def test_a_clock_that_is_set_back_lets_no_dead_claim_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would stand for as long as the clock was set back."""
    async with two_faces() as (one, two):
        with monkeypatch.context() as patched:
            patched.setattr(Tenants, "create", raising(StoreError("away")))
            patched.setattr(Once, "_settle", nothing)
            await one.ask("POST", "/v1/tenants", WISH, **KEY)
        later(two, -86_400)
        then = await two.ask("POST", "/v1/tenants", WISH, **KEY)

        assert then.status == 201


async def test_a_request_whose_claim_was_taken_over_has_no_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An instance that stood still for long wakes up, and writes nothing: another has done it."""
    async with two_faces() as (one, two):
        create, is_in, go_on = Tenants.create, asyncio.Event(), asyncio.Event()

        async def slow(self: Tenants, *words: Any, **named: Any) -> object:
            if self is one.services.tenants:
                is_in.set()
                await go_on.wait()
            return await create(self, *words, **named)

        monkeypatch.setattr(Tenants, "create", slow)
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(one.ask("POST", "/v1/tenants", WISH, **KEY))
            await is_in.wait()
            later(two, CLAIM + 1)
            second = await two.ask("POST", "/v1/tenants", WISH, **KEY)
            go_on.set()

        assert (second.status, first.result().code) == (201, "in_progress")
        assert len(await tenants(two)) == 1


async def test_a_request_that_takes_long_keeps_its_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is renewed until there is an effect: nobody does the same beside it."""
    monkeypatch.setattr(idempotency, "_RENEWED", 0.001)
    async with two_faces() as (one, two):
        renewed = asyncio.Event()

        async def slow(_self: Tenants, *_words: Any, **_named: Any) -> object:
            later(one, CLAIM - 1)
            await one.state.records.listen()
            later(one, CLAIM - 1)
            renewed.set()
            await asyncio.Event().wait()
            raise AssertionError

        monkeypatch.setattr(Tenants, "create", slow)
        first = asyncio.ensure_future(one.ask("POST", "/v1/tenants", WISH, **KEY))
        await renewed.wait()
        second = await two.ask("POST", "/v1/tenants", WISH, **KEY)
        first.cancel()
        await asyncio.wait((first,))

        assert second.code == "in_progress"


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
        if any('"done"' in change.record.body for change in changes):
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
    async with two_faces() as (one, two):
        first = await one.ask("POST", "/v1/tenants", WISH, **KEY)
        second = await two.ask("POST", "/v1/tenants", WISH, **KEY)

        assert second.body == first.body
