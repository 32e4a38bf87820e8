"""What is asked again, what is not, and how answers are read; no network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.client.carriers import ScriptedCarrier, Told, keys_of, problem
from vedette.client import AccountChange, Alive, Client, KeyWish, ProblemError, TenantWish
from vedette.client.carrier import Answer, NotSentError, Request
from vedette.client.exchange import Exchange, path_of
from vedette.client.operation import Operation
from vedette.errors import NetworkError, ProtocolError, UsageError
from vedette.secret import Secret

TENANT: Final[dict[str, object]] = {
    "id": "acme",
    "name": "Acme",
    "maxAccounts": None,
    "maxEndpoints": None,
    "maxGuards": None,
    "retentionDays": None,
    "consent": None,
    "settings": {},
    "pausedAt": None,
    "pauseReason": "",
    "isLeaving": False,
    "createdAt": "2026-11-21T12:00:00.000Z",
    "updatedAt": "2026-11-21T12:00:00.000Z",
}
LOST = NetworkError("it broke off")


class Waits(list[float]):
    """Lets waits pass at once, and has how long they would have been."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waited() -> Waits:
    return Waits()


async def test_a_noun_has_the_version_of_its_tag() -> None:
    """What was read can be changed as it was read."""
    carrier = ScriptedCarrier([Told(body=TENANT, headers={"etag": '"7"'})])

    found = await Client(carrier, key=Secret("vdt_x")).tenants.get("acme")

    assert found.version == 7
    assert found.created_at == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert carrier.asked[0].target == "/v1/tenants/acme"
    assert carrier.asked[0].headers["authorization"] == "Bearer vdt_x"


async def test_a_change_names_its_version_and_only_what_is_set() -> None:
    """What a wish does not say is not sent; None is sent as null."""
    carrier = ScriptedCarrier([problem(412, "stale")])
    change = AccountChange(title=None, tags=("a",), password=Secret("hunter2"))

    with pytest.raises(ProblemError) as caught:
        await Client(carrier).accounts.update("one", change, version=3)

    [asked] = carrier.asked
    assert caught.value.code == "stale"
    assert asked.headers["if-match"] == '"3"'
    assert json.loads(asked.body or b"") == {"title": None, "tags": ["a"], "password": "hunter2"}


async def test_a_post_whose_answer_was_lost_is_sent_again_with_its_key(
    waited: Waits,
) -> None:
    """The service does it once: all tries have one idempotency key, and another call another."""
    lost = ScriptedCarrier([LOST, problem(409, "in_progress", retry_after=1), Told(body=TENANT)])
    client = Client(lost, sleep=waited)

    await client.tenants.create(TenantWish(id="acme"))

    assert len(lost.asked) == 3
    assert len(keys_of(lost.asked)) == 1
    assert waited[1] == 1.0
    lost._answers.append(Told(body=TENANT))
    await client.tenants.create(TenantWish(id="acme"))
    assert len(keys_of(lost.asked)) == 2


async def test_a_change_for_one_version_is_not_sent_again_when_its_answer_was_lost(
    waited: Waits,
) -> None:
    """It may have been done, and would look as if somebody else had: the caller has to look."""
    carrier = ScriptedCarrier([LOST])

    with pytest.raises(NetworkError):
        await Client(carrier, sleep=waited).accounts.update(
            "one", AccountChange(title="x"), version=3
        )

    assert len(carrier.asked) == 1
    assert waited == []


async def test_what_was_not_sent_is_sent_again_whatever_it_is(waited: Waits) -> None:
    """Without a connection nothing can have happened."""
    carrier = ScriptedCarrier([NotSentError("refused"), problem(404, "not_found")])

    with pytest.raises(ProblemError):
        await Client(carrier, sleep=waited).accounts.update(
            "one", AccountChange(title="x"), version=3
        )

    assert len(carrier.asked) == 2


async def test_a_deletion_whose_answer_was_lost_is_done_when_there_is_nothing(
    waited: Waits,
) -> None:
    """The 404 of the second try says what the first would have said."""
    carrier = ScriptedCarrier([LOST, problem(404, "not_found")])

    await Client(carrier, sleep=waited).accounts.delete("one")

    assert len(carrier.asked) == 2


async def test_a_deletion_of_nothing_is_an_error() -> None:
    """Nothing was lost: there never was one."""
    with pytest.raises(ProblemError) as caught:
        await Client(ScriptedCarrier([problem(404, "not_found")])).accounts.delete("one")

    assert caught.value.exit_status == 66


async def test_a_wait_that_the_service_names_is_kept(waited: Waits) -> None:
    """A 429 is asked again after its Retry-After, and given up after four tries."""
    carrier = ScriptedCarrier([problem(429, "too_many", retry_after=3)] * 4)

    with pytest.raises(ProblemError) as caught:
        await Client(carrier, sleep=waited).tenants.get("acme")

    assert waited == [3.0, 3.0, 3.0]
    assert caught.value.problem.retry_after == 3.0


async def test_a_wait_beyond_the_deadline_is_not_waited_for(waited: Waits) -> None:
    """Who would have to wait for an hour is told so at once."""
    carrier = ScriptedCarrier([problem(503, "store", retry_after=3_600)])

    with pytest.raises(ProblemError):
        await Client(carrier, sleep=waited).tenants.get("acme")

    assert waited == []


async def test_a_failure_is_told_and_not_the_claim_that_it_left(waited: Waits) -> None:
    """The service that failed holds the idempotency key for a minute, which is not the news."""
    answers = [problem(503, "store", retry_after=1), problem(409, "in_progress", retry_after=1)]
    carrier = ScriptedCarrier(answers)

    with pytest.raises(ProblemError, match="it is store"):
        await Client(carrier, sleep=waited).tenants.create(TenantWish(id="acme"))


async def test_a_refusal_is_not_asked_again(waited: Waits) -> None:
    """What is wrong stays wrong."""
    carrier = ScriptedCarrier([problem(422, "invalid")])

    with pytest.raises(ProblemError):
        await Client(carrier, sleep=waited).keys.create(KeyWish(name="x", scopes=("admin",)))

    assert len(carrier.asked) == 1


async def test_a_list_is_read_page_by_page() -> None:
    """Each page is asked for where the last one ended."""
    first = Told(body={"items": [TENANT], "next": "abc"})
    last = Told(body={"items": [{**TENANT, "id": "other"}], "next": None})
    carrier = ScriptedCarrier([first, last])

    found = [each.id async for each in Client(carrier).tenants.list(q="a b", limit=1)]

    assert found == ["acme", "other"]
    assert carrier.asked[0].target == "/v1/tenants?q=a%20b&limit=1"
    assert carrier.asked[1].target == "/v1/tenants?q=a%20b&limit=1&after=abc"


async def test_what_a_list_leaves_out_is_told_of() -> None:
    """Its service could not read it; the others come, and a program can ask what was left out."""
    left = [
        {"id": "new", "code": "newer", "why": "the tenant 'new' was written by another version"}
    ]
    pages = [
        Told(body={"items": [TENANT], "unread": left, "next": "abc"}),
        Told(body={"items": [], "unread": [], "next": None}),
    ]
    client = Client(ScriptedCarrier(pages))

    found = [each.id async for each in client.tenants.list()]

    assert found == ["acme"]
    assert [(each.id, each.why) for each in client.unread] == [("new", left[0]["why"])]


async def test_a_list_that_goes_in_circles_ends() -> None:
    """A page whose next is where it began itself is the server's mistake, and no endless loop."""
    page = Told(body={"items": [], "next": "abc"})

    with pytest.raises(ProtocolError):
        [each async for each in Client(ScriptedCarrier([page] * 3)).tenants.list()]


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_an_id_that_would_be_resolved_on_the_way_is_refused(id_: str) -> None:
    """``/v1/tenants/..`` is another resource."""
    with pytest.raises(UsageError):
        path_of("/v1/tenants/{tenant}", {"tenant": id_})


def test_an_id_can_not_leave_its_place_in_the_path() -> None:
    """A slash, a question mark and a per cent sign are letters of the id."""
    assert (
        path_of("/v1/tenants/{tenant}/x", {"tenant": "a/b?c%2F"}) == "/v1/tenants/a%2Fb%3Fc%252F/x"
    )


@pytest.mark.parametrize("body", [b"<html>", b"[]", {"id": 7}, {**TENANT, "isLeaving": "no"}])
async def test_an_answer_that_is_no_noun_is_the_servers_mistake(body: object) -> None:
    """Nothing of it is passed on as if it were one."""
    with pytest.raises(ProtocolError):
        await Client(ScriptedCarrier([Told(body=body)])).tenants.get("acme")


async def test_members_of_a_newer_service_are_passed_over() -> None:
    """A client is older than its service sometimes."""
    told = Told(body={**TENANT, "colour": "red"})

    assert (await Client(ScriptedCarrier([told])).tenants.get("acme")).id == "acme"


async def test_a_page_of_a_proxy_is_told_as_such() -> None:
    """What is no problem of ours names the status, and quotes nothing of the page."""
    page = Told(status=302, body=b"<html>secret", headers={"location": "https://login.example"})

    with pytest.raises(ProblemError) as caught:
        await Client(ScriptedCarrier([page])).tenants.get("acme")

    assert caught.value.code == "foreign"
    assert "302" in str(caught.value)
    assert "html" not in str(caught.value)


async def test_fields_that_are_wrong_are_told_one_by_one() -> None:
    """A program can point at each of them."""
    body = {
        "code": "invalid",
        "detail": "port: is no number",
        "errors": [{"field": "port", "why": "is no number"}],
        "instance": "urn:uuid:1",
        "limit": 3,
    }

    with pytest.raises(ProblemError) as caught:
        await Client(ScriptedCarrier([Told(status=422, body=body)])).tenants.get("acme")

    found = caught.value.problem
    assert [(each.field, each.why) for each in found.fields] == [("port", "is no number")]
    assert found.members == {"limit": 3}
    assert caught.value.exit_status == 65


class SilentCarrier(ScriptedCarrier):
    """Never answers."""

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        self.asked.append(request)
        await asyncio.Event().wait()
        async with super().send(request) as answer:
            yield answer


async def test_an_answer_that_does_not_come_has_a_deadline() -> None:
    """The whole is bounded, tries and waits included."""
    operation = Operation(method="GET", path="/livez", answer=Alive, seconds=0.05)
    carrier = SilentCarrier([])

    with pytest.raises(NetworkError, match="within"):
        await Exchange(carrier, None).one(operation)

    assert len(carrier.asked) == 1
