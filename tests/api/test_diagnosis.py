"""What is known of an account is told with remedies, to whom it is for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.store.bundle import cursor, entry, intend, posting, step
from tests.support.api import Face
from vedette.model.account import AccountState, Health
from vedette.model.action import ActionState
from vedette.model.delivery import DeliveryState, EndpointState, Settlement
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.model.tally import Tally
from vedette.ownership.shard import InstanceId
from vedette.ports.completeness import Look
from vedette.ports.ownership import Keeper
from vedette.ports.store import Fence

BOX, ACME = AccountId("box"), TenantId("acme")
ACCOUNT = {"id": BOX, "tenant": ACME, "email": "a@e.org", "host": "h.example", "password": "pl"}
DESK, OPS = EndpointId("desk"), EndpointId("ops-secret-name")


@pytest.fixture
async def ill(face: Face) -> Face:
    """Return an API with an account that nearly everything is the matter with."""
    now = face.clock.now()
    await face.ask("POST", "/v1/tenants", {"id": ACME})
    await face.ask("POST", "/v1/accounts", ACCOUNT)
    store = face.state
    events = [
        posting(name, DESK, OPS, account=BOX, tenant=ACME, time=now - 60) for name in ("a", "b")
    ]
    await store.post(Fence(), events)
    for endpoint, state in ((DESK, DeliveryState.DUE), (OPS, DeliveryState.FAILED)):
        [parcel, _] = await store.claim(endpoint, ordered=False, limit=2, now=now, lease=60)
        done = Settlement(
            delivery=parcel.delivery, state=state, due=now + 60, attempt=1, reason="503 go away"
        )
        await store.settle([done])
    await store.note_endpoint(EndpointState(id=OPS, disabled_at=now, disabled_reason="410 gone"))
    failed = entry(7, b"k", account=BOX, tenant=ACME, at=now - 60)
    await intend(store, failed)
    await store.record(failed.id, ActionState.FAILED, now=now, reason="NO permission")
    face.engine.told[BOX] = Health(
        account=BOX,
        tenant=ACME,
        email="a@e.org",
        since=now,
        state=AccountState.CONNECTED,
        proof_at=now,
        held="consent missing: to version 2",
    )
    face.engine.keeps = Keeper(instance=InstanceId("two"), address="http://two:8025")
    return face


async def asked(face: Face, key: str | None = None) -> dict[str, list[dict[str, Any]]]:
    answer = await face.ask("GET", f"/v1/accounts/{BOX}/diagnosis", key=key or face.root)
    assert answer.status == 200, answer.body
    found: dict[str, list[dict[str, Any]]] = {}
    for each in answer.json["findings"]:
        found.setdefault(each["check"], []).append(each)
    return found


async def test_everything_that_is_the_matter_is_told_with_its_remedy(ill: Face) -> None:
    """In one answer, without a look at the mailbox."""
    found = await asked(ill)

    assert found["owner"][0]["detail"].startswith("it is watched by the instance two")
    assert found["consent"][0]["detail"] == "consent missing: to version 2"
    said = [each["detail"] for each in found["deliveries"]]
    assert said == [
        "ops-secret-name, 1: 410 gone",
        "ops-secret-name, 1: 503 go away",
        "desk, 1: 503 go away",
    ]
    assert found["guards"][0]["detail"] == "gambling, 1: NO permission"
    wrong = [each for all_ in found.values() for each in all_ if each["outcome"] != "ok"]
    assert all(each["remedy"] for each in wrong)
    assert ill.doctor.asked == []


async def test_a_tenant_is_told_of_the_operators_endpoints_and_tables_by_no_name(
    ill: Face,
) -> None:
    """Their mail is held up, which is theirs to know; whose endpoint it is is not."""
    ill.engine.troubles = {"crm-table": "no such column"}
    key = await ill.key("accounts:read", tenant=ACME)
    found = await asked(ill, key)

    told = str(found)
    assert "ops-secret-name" not in told
    assert "crm-table" not in told
    assert "an endpoint, 1" in told
    await ill.ask("POST", "/v1/tenants", {"id": "zeta"})
    other = await ill.key("accounts:read", tenant="zeta")
    refused = await ill.ask("GET", f"/v1/accounts/{BOX}/diagnosis", key=other)
    assert (refused.status, refused.code) == (404, "not_found")


async def test_counts_come_from_the_state_and_say_what_was_not_counted(ill: Face) -> None:
    """Whichever instance is asked; what nobody looked at is not called complete."""
    day = datetime.fromtimestamp(ill.clock.now(), UTC).date()
    for name in (b"INBOX", b"Sent"):
        await ill.state.commit(step(None, cursor(9), account=BOX, folder=name))
    first = (await ill.ask("GET", f"/v1/accounts/{BOX}/completeness")).json
    look = Look(account=BOX, path=b"INBOX", folder="INBOX", at=5.0, days=(Tally(day, 3, 0, 1),))
    await ill.state.counts.keep(look)
    holed = (await ill.ask("GET", f"/v1/accounts/{BOX}/completeness")).json
    gap = (await asked(ill))["completeness"][0]
    for name in (b"INBOX", b"Sent", b"Gone"):
        days = (Tally(day, 3, 0, 0),)
        await ill.state.counts.keep(
            Look(account=BOX, path=name, folder=name.decode(), at=6.0, days=days)
        )
    whole = (await ill.ask("GET", f"/v1/accounts/{BOX}/completeness")).json

    assert (first["isComplete"], first["uncounted"]) == (None, ["INBOX", "Sent"])
    assert (holed["isComplete"], holed["uncounted"]) == (False, ["Sent"])
    [shown] = holed["days"]
    assert (shown["server"], shown["ledger"], shown["missing"]) == (3, 2, 1)
    assert shown["checkedAt"] == "1970-01-01T00:00:05.000Z"
    assert f"INBOX {day}: 1 of 3" in gap["detail"]
    assert (whole["isComplete"], whole["uncounted"]) == (True, [])
    assert {each["folder"] for each in whole["days"]} == {"INBOX", "Sent"}
