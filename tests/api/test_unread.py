"""Records of a newer version: every list shows the others and tells of them, to ask for one is a 409."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.api import Face
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Put, Record

ACME = TenantId("acme")
HOST = {"host": "imap.example.org", "password": "secret"}

#: The lists, each with what a newer version may have written in a body, and how one is asked for.
LISTS = {
    "tenants": (Kind.TENANT, '{"maxAccounts":"as many as fit"}'),
    "accounts": (Kind.ACCOUNT, '{"pause":"eclipse"}'),
    "endpoints": (Kind.ENDPOINT, '{"type":"pigeon"}'),
    "guards": (Kind.GUARD, '{"pack":7}'),
    "oauth/apps": (Kind.APP, '{"provider":"somebody new"}'),
    "links": (Kind.LINK, '{"account":"box"}'),
    "keys": (Kind.KEY, '{"names":[]}'),
}


async def written(face: Face, kind: Kind, id_: str, body: str) -> None:
    """Write a record as another version would."""
    tenant = TenantId(id_) if kind is Kind.TENANT else ACME
    it = Record(kind=kind, id=id_, tenant=tenant, body=body, label=id_)
    await face.state.records.write([Put(record=it, expected=0)], now=face.clock.now())


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_tells_of_what_it_can_not_read(face: Face, name: str) -> None:
    """With its id and why; the others are there, page by page, and none is passed over."""
    kind, body = LISTS[name]
    await face.ask("POST", "/v1/tenants", {"id": "acme"})
    before = [each["id"] for each in (await face.ask("GET", f"/v1/{name}")).json["items"]]
    for id_ in ("newer-1", "newer-2"):
        await written(face, kind, id_, body)

    whole = (await face.ask("GET", f"/v1/{name}")).json
    one = await face.ask("GET", f"/v1/{name}/newer-1")
    items, unread, after = [], [], ""
    for _ in range(len(before) + 3):
        page = (await face.ask("GET", f"/v1/{name}?limit=1{after}")).json
        items += page["items"]
        unread += page["unread"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert [each["id"] for each in whole["items"]] == before
    assert [(each["id"], each["code"]) for each in whole["unread"]] == [
        ("newer-1", "newer"),
        ("newer-2", "newer"),
    ]
    assert "another version" in whole["unread"][0]["why"]
    assert (items, unread) == (whole["items"], whole["unread"])
    assert (one.status, one.code) == (409, "newer")


async def test_accounts_of_a_tenant_that_can_not_be_read_are_told_of(face: Face) -> None:
    """Nobody can say whether they are paused; those of others are listed, and found by a search."""
    for id_ in ("acme", "other"):
        await face.ask("POST", "/v1/tenants", {"id": id_})
        wish = {"id": f"box-{id_}", "tenant": id_, "email": f"a@{id_}.example", **HOST}
        assert (await face.ask("POST", "/v1/accounts", wish)).status == 201
    record = await face.state.records.record(Kind.TENANT, "acme")
    assert record is not None
    newer = replace(record, body='{"pausedAt":"since Monday"}')
    await face.state.records.write([Put(record=newer, expected=record.version)], now=1.0)

    for query in ("", "?q=example", "?state=init"):
        found = (await face.ask("GET", f"/v1/accounts{query}")).json
        assert [each["id"] for each in found["items"]] == ["box-other"], query
        assert [each["id"] for each in found["unread"]] == ["box-acme"], query
    assert (await face.ask("GET", "/v1/accounts/box-acme")).code == "newer"
