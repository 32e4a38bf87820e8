"""``/v1/events/newest`` and one event: for a person. Must not know: how the stores keep them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.store.bundle import StillClock, post, posting
from tests.support.api import Face
from vedette.model.ids import AccountId, TenantId
from vedette.store.sqlite.store import SqliteStore


async def test_the_newest_events_come_first_and_are_ones_own(face: Face) -> None:
    """By account and instant; another tenant's are not there, and a limit cuts off the oldest."""
    for number, name in enumerate(("first", "second", "third", "foreign")):
        event = posting(
            name,
            time=1_000.0 + number,
            account=AccountId("anna" if name == "second" else "bert"),
            tenant=TenantId("other" if name == "foreign" else "acme"),
            body=json.dumps({"id": name}).encode(),
        )
        await post(face.state, event)
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    key = await face.key("events:read", tenant="acme")

    async def newest(query: str = "") -> list[str]:
        answer = await face.ask("GET", f"/v1/events/newest{query}", key=key)
        assert answer.status == 200, answer.body
        return [each["event"]["id"] for each in answer.json["items"]]

    assert await newest() == ["third", "second", "first"]
    assert await newest("?limit=1") == ["third"]
    assert await newest("?account=anna") == ["second"]
    assert await newest("?from=1970-01-01T00:16:41Z&to=1970-01-01T00:16:42Z") == ["second"]
    assert await newest("?type=account.*") == []
    wrong = await face.ask("GET", "/v1/events/newest?from=yesterday", key=key)
    assert (wrong.status, wrong.code) == (422, "invalid")


async def test_a_probe_is_there_for_who_names_it(tmp_path: Path) -> None:
    """It is in no list of everything; who has its id knows that it is one, and is shown it."""
    store = SqliteStore(tmp_path, StillClock())
    await store.start()
    face = Face(store, StillClock())
    for name, kind in (("mail", "message.received"), ("probe", "canary.arrived")):
        await post(store, posting(name, kind=kind, body=json.dumps({"id": name}).encode()))

    every = (await face.ask("GET", "/v1/events")).json["items"]
    asked = (await face.ask("GET", "/v1/events?type=canary.*")).json["items"]
    shown = [await face.ask("GET", f"/v1/events/{name}") for name in ("mail", "probe")]
    await store.stop()

    assert [[each["id"] for each in found] for found in (every, asked)] == [["mail"], ["probe"]]
    assert [(each.status, each.json["event"]["id"]) for each in shown] == [
        (200, "mail"),
        (200, "probe"),
    ]
