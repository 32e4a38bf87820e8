"""How accounts are doing, as the API tells it: from proof, and in the server's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api.conftest import NOW
from tests.support.api import Face
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind, Record
from vedette.service.accounts.condition import INACTIVE
from vedette.service.accounts.status import LIVE

BOX = AccountId("box")


async def registered(face: Face, *names: str, **members: object) -> None:
    for name in names:
        account = {"id": name, "email": f"{name}@example.org", "host": "h.example", "password": "p"}
        made = await face.ask("POST", "/v1/accounts", {**account, **members})
        assert made.status == 201


def told(face: Face, name: str, state: AccountState, **members: Any) -> None:
    face.engine.told[AccountId(name)] = Health(
        account=AccountId(name),
        tenant=TenantId("default"),
        email=f"{name}@example.org",
        state=state,
        **members,
    )


async def status(face: Face) -> Any:
    return (await face.ask("GET", "/v1/accounts/box")).json["status"]


async def test_an_account_that_nobody_began_with_is_new(face: Face) -> None:
    """It is registered, and nothing more is known."""
    await registered(face, "box")

    assert (await status(face))["state"] == "init"


@pytest.mark.parametrize(
    ("state", "proof", "shown"),
    [
        (AccountState.CONNECTING, None, "connecting"),
        (AccountState.SYNCING, None, "syncing"),
        (AccountState.CONNECTED, NOW, "live"),
        (AccountState.CONNECTED, NOW - LIVE - 1, "degraded"),
        (AccountState.CONNECTED, None, "degraded"),
        (AccountState.AUTH_FAILED, NOW, "auth_failed"),
        (AccountState.ERROR, NOW, "error"),
    ],
)
async def test_live_is_proven_and_never_a_flag(
    face: Face, state: AccountState, proof: float | None, shown: str
) -> None:
    """A connection that no round trip proves is not called live."""
    await registered(face, "box")
    told(face, "box", state, proof_at=proof)

    assert (await status(face))["state"] == shown


async def test_a_failure_is_told_in_the_servers_own_words(face: Face) -> None:
    """With its response code, when it was, how often, and when it is tried again."""
    await registered(face, "box")
    told(
        face,
        "box",
        AccountState.AUTH_FAILED,
        error="the login was refused: [AUTHENTICATIONFAILED] no",
        response_code="AUTHENTICATIONFAILED",
        error_at=NOW,
        attempts=3,
        retry_at=NOW + 60,
    )

    found = await status(face)

    assert (
        found["reason"] == found["lastError"] == "the login was refused: [AUTHENTICATIONFAILED] no"
    )
    assert found["responseCode"] == "AUTHENTICATIONFAILED"
    assert found["lastErrorAt"] == "2027-01-15T08:00:00.000Z"
    assert (found["attempts"], found["nextRetryAt"]) == (3, "2027-01-15T08:01:00.000Z")


async def test_what_people_set_stands_over_what_was_seen(face: Face) -> None:
    """Paused, not active, or under a tenant that is paused: nothing is said to be live."""
    await registered(face, "box")
    told(face, "box", AccountState.CONNECTED, proof_at=NOW)

    shown = []
    for method, path, body in (
        ("POST", "/v1/accounts/box/pause", None),
        ("POST", "/v1/accounts/box/resume", None),
        ("PATCH", "/v1/accounts/box", {"active": False}),
        ("PATCH", "/v1/accounts/box", {"active": True}),
        ("POST", "/v1/tenants/default/pause", None),
    ):
        assert (await face.ask(method, path, body)).status == 200
        shown.append((await status(face))["state"])

    assert shown == ["paused", "live", "paused", "live", "paused"]


async def test_a_list_is_filtered_by_state(face: Face) -> None:
    """Across pages: those in a state, each once, and the end is told."""
    names = [f"box{number}" for number in range(7)]
    await registered(face, *names)
    for name in names[::2]:
        told(face, name, AccountState.AUTH_FAILED)

    first = await face.ask("GET", "/v1/accounts?state=auth_failed&limit=3")
    second = await face.ask(
        "GET", f"/v1/accounts?state=auth_failed&limit=3&after={first.json['next']}"
    )

    found = [each["id"] for page in (first, second) for each in page.json["items"]]
    assert found == names[::2]
    assert second.json["next"] is None


async def test_a_state_that_few_are_in_is_found_at_once(face: Face) -> None:
    """One page has all of them, be they the last of many, and says that it is the end."""
    await registered(face, *(f"box{number}" for number in range(9)))
    await face.ask("POST", "/v1/accounts/box8/pause")

    page = (await face.ask("GET", "/v1/accounts?state=paused&host=h.example&limit=1")).json

    assert [each["id"] for each in page["items"]] == ["box8"]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ANNA", ["anna"]),
        ("q=h.example", ["anna", "bert"]),
        ("tag=vip", ["bert"]),
        ("email=anna@example.org", ["anna"]),
        ("host=h.example", ["anna", "bert"]),
        ("host=other", []),
        ("active=false", []),
        ("tenant=default", ["anna", "bert"]),
        ("tenant=acme", []),
    ],
)
async def test_accounts_are_found(face: Face, query: str, found: list[str]) -> None:
    """By text, tag, address, host, activity and tenant."""
    await registered(face, "anna")
    await registered(face, "bert", tags=["vip"])

    answer = await face.ask("GET", f"/v1/accounts?{query}")

    assert [each["id"] for each in answer.json["items"]] == found


async def test_what_others_watch_is_in_no_list_by_state(face: Face) -> None:
    """The wall of a tenant stands before what is known of watches as well."""
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    await registered(face, "anna", tenant="acme")
    await registered(face, "bert")
    told(face, "anna", AccountState.ERROR)
    # What a watch says of its tenant is not believed.
    told(face, "bert", AccountState.ERROR)
    told(face, "gone", AccountState.ERROR)
    key = await face.key("accounts:read", tenant="default")

    mine = await face.ask("GET", "/v1/accounts?state=error", key=key)
    all_of_them = await face.ask("GET", "/v1/accounts?state=error")

    assert [each["id"] for each in mine.json["items"]] == ["bert"]
    assert [each["id"] for each in all_of_them.json["items"]] == ["anna", "bert"]


async def test_who_was_refused_is_found_among_many_that_are_switched_off(face: Face) -> None:
    """Of those that are paused for another reason none is read: it would take a page to find one."""
    for number in range(20):
        await registered(face, f"off-{number}")
        told(face, f"off-{number}", AccountState.PAUSED, held=INACTIVE)
    await registered(face, "refused")
    told(face, "refused", AccountState.AUTH_FAILED, error="NO")
    read, asked = face.state.records.several, list[str]()
    await face.ask("GET", "/v1/accounts?state=live")

    async def noted(
        kind: Kind, ids: Sequence[str], *, tenant: TenantId | None = None
    ) -> list[Record]:
        asked.extend(ids if kind is Kind.ACCOUNT else [])
        return await read(kind, ids, tenant=tenant)

    face.state.records.several = noted  # type: ignore[method-assign]
    found = await face.ask("GET", "/v1/accounts?state=auth_failed")

    assert [each["id"] for each in found.json["items"]] == ["refused"]
    assert asked == ["refused"]
