"""Guards are set, tried, explained, stopped and allowed; what loosens one waits for the ratchet.

Must not know: how guards judge.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace

import pytest

from tests.api.operations import GUARD
from tests.store.bundle import StillClock, decision, entry, posting
from tests.support.api import Face
from tests.support.trust import Host, guard
from vedette.model.ids import AccountId, ActionId, TenantId
from vedette.ports.store import Fence
from vedette.service.guards.warding import Wards

ACME = TenantId("acme")


async def tenant(face: Face, name: str = "acme", box: str = "anna") -> str:
    """Return a key that may do all with the guards of a tenant, which has an account."""
    await face.ask("POST", "/v1/tenants", {"id": name})
    account = {"tenant": name, "id": box, "email": "a@example.org", "host": "h.example"}
    made = await face.ask("POST", "/v1/accounts", {**account, "password": "planted-one"})
    assert made.status == 201, made.body
    return await face.key("guards:*", tenant=name)


async def posted(face: Face, key: str, **members: object) -> str:
    made = await face.ask("POST", "/v1/guards", {"text": GUARD, **members}, key=key)
    assert made.status == 201, made.body
    id_: str = made.json["id"]
    return id_


async def test_a_guard_is_set_and_attached(face: Face) -> None:
    """At its version; a tenant's is called after it, and stands at its own accounts."""
    key = await tenant(face)
    await tenant(face, "other", "bert")
    id_ = await posted(face, key, id="offers", accounts=["anna"])
    assert id_ == "acme-offers"
    path = f"/v1/guards/{id_}"
    foreign = await face.ask("POST", f"{path}/attach", {"accounts": ["bert"]}, key=key)
    assert (foreign.status, foreign.code) == (404, "not_found")
    last = await face.ask("POST", f"{path}/detach", {"accounts": ["anna"]}, key=key)
    assert (last.status, last.code) == (409, "conflict")
    tag = (await face.ask("GET", path, key=key)).headers["etag"]
    changed = await face.ask("PATCH", path, {"help": "Call Bob."}, key=key, if_match=tag)
    assert changed.headers["etag"] != tag
    assert changed.json["settings"] == {"accounts": ["anna"], "help": "Call Bob."}
    late = await face.ask("DELETE", path, key=key, if_match=tag)
    assert (late.status, late.code) == (412, "stale")
    assert (await face.ask("DELETE", path, key=key)).status == 204


async def test_a_message_is_judged_and_explained(face: Face) -> None:
    """As text or as octets; nothing of it is kept."""
    key = await tenant(face)
    id_ = await posted(face, key)
    message = "From: shop@example.org\r\nSubject: An offer for you\r\n\r\nHello.\r\n"
    told = await face.ask("POST", f"/v1/guards/{id_}/test", {"message": message}, key=key)
    same = {"base64": b64encode(message.encode()).decode()}
    again = await face.ask("POST", f"/v1/guards/{id_}/test", same, key=key)

    assert (told.json["verdict"], told.json["hits"][0]["symbol"]) == ("aside", "OFFER")
    assert told.json["score"] == 5
    assert again.json == told.json
    assert (await face.ask("GET", "/v1/guards/journal", key=key)).json["items"] == []


@pytest.mark.parametrize(
    "body", [{}, {"message": "a", "base64": "YQ=="}, {"base64": "!"}, {"message": 7}], ids=str
)
async def test_what_is_no_message_is_refused(face: Face, body: dict[str, object]) -> None:
    """It is a clear 4xx."""
    key = await tenant(face)
    id_ = await posted(face, key)
    answer = await face.ask("POST", f"/v1/guards/{id_}/test", body, key=key)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_what_guards_did_is_told_to_its_tenant(face: Face) -> None:
    """The journal, the decisions, and why, by the event or by the action."""
    key, other = await tenant(face), await tenant(face, "other", "bert")
    anna = AccountId("anna")
    data = {"folder": {"path": "INBOX"}, "uid": 7, "uidValidity": 7}
    body = json.dumps({"id": "told", "data": data}).encode()
    await face.state.post(Fence(), [posting("told", account=anna, body=body, time=50.0)])
    done = replace(entry(7, account=anna, tenant=ACME), id=ActionId("act"))
    await face.state.intend(Fence(), [decision(7, account=anna)], [done])

    for name in ("told", "act"):
        why = await face.ask("GET", f"/v1/guards/explain/{name}", key=key)
        assert why.json["place"] == {"folder": "INBOX", "uidValidity": 7, "uid": 7}
        assert [each["why"] for each in why.json["decisions"]] == [
            "quarantine 14.3 = FROM_LISTED 6"
        ]
        assert [each["id"] for each in why.json["actions"]] == ["act"]
        foreign = await face.ask("GET", f"/v1/guards/explain/{name}", key=other)
        assert (foreign.status, foreign.code) == (404, "not_found")
    journal = await face.ask("GET", "/v1/guards/journal?state=intended", key=key)
    assert [each["target"] for each in journal.json["items"]] == ["Quarantine"]
    decided = await face.ask("GET", "/v1/guards/decisions?account=anna", key=key)
    assert [each["verdict"] for each in decided.json["items"]] == ["quarantine"]
    assert (await face.ask("GET", "/v1/guards/journal", key=other)).json["items"] == []
    undo = await face.ask("POST", "/v1/guards/undo", {"actions": ["act"]}, key=other)
    assert (undo.status, face.desk.asked) == (404, [])
    assert (await face.ask("POST", "/v1/guards/undo", {"actions": ["act"]}, key=key)).status == 200


async def test_what_guards_did_is_walked_by_pages_between_two_instants(face: Face) -> None:
    """Each row once, the newest first; by account, by one's own guard, and in a state."""
    key = await tenant(face)
    id_ = await posted(face, key)
    anna = AccountId("anna")
    rows = [
        entry(uid, account=anna, tenant=ACME, guard=id_, at=50.0 + uid // 2) for uid in range(1, 8)
    ]
    made = [decision(each.origin.uid or 0, account=anna, guard=id_, at=each.at) for each in rows]
    await face.state.intend(Fence(), made, rows)
    span = "from=1970-01-01T00:00:51Z&to=1970-01-01T00:00:53Z"

    for path in (f"journal?guard={id_}&state=intended", "journal?account=anna"):
        assert await walked(face, key, f"{path}&{span}") == [5, 4, 3, 2]
    for path in (f"decisions?guard={id_}", "decisions?account=anna"):
        assert await walked(face, key, f"{path}&{span}") == [5, 4, 3, 2]
    assert await walked(face, "root", "decisions?limit=3") == [7, 6, 5, 4, 3, 2, 1]


async def walked(face: Face, key: str, path: str) -> list[int]:
    """Return the UIDs of a list, two rows a page unless told."""
    found: list[int] = []
    after = ""
    for _ in range(9):
        limit = "" if "limit" in path else "&limit=2"
        answer = await face.ask("GET", f"/v1/guards/{path}{limit}{after}", key=key)
        assert answer.status == 200, answer.body
        found += [each["origin"]["uid"] for each in answer.json["items"]]
        if answer.json["next"] is None:
            return found
        after = f"&after={answer.json['next']}"
    raise AssertionError(found)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("decisions", 422),
        ("decisions?guard=gambling", 404),
        ("decisions?account=bert", 404),
        ("journal?from=yesterday", 422),
        ("journal?to=now", 422),
        ("journal?after=nonsense", 400),
        ("journal?after=MTphY21l", 400),
        ("decisions?account=anna&after=MTppbmYgMQ", 400),
    ],
)
async def test_what_no_list_of_a_tenant_can_be_is_refused(
    face: Face, path: str, status: int
) -> None:
    """A clear 4xx: what all did is not looked through for one tenant, and a cursor is one of ours."""
    key = await tenant(face)
    await tenant(face, "other", "bert")

    answer = await face.ask("GET", f"/v1/guards/{path}", key=key)

    assert (answer.status, bool(answer.code)) == (status, True), answer.body


async def test_a_tenant_switches_what_is_its_own(face: Face) -> None:
    """Its guards, its accounts, itself; nobody else's, and not everything."""
    key, other = await tenant(face), await tenant(face, "other", "bert")
    id_ = await posted(face, key)
    mine = [("guard", id_), ("account", "anna"), ("tenant", "acme")]
    for scope, name in mine:
        wish = {"scope": scope, "name": name, "seconds": 60.0}
        assert (await face.ask("POST", "/v1/guards/switches/pause", wish, key=key)).status == 200
        foreign = await face.ask("POST", "/v1/guards/switches/pause", wish, key=other)
        assert (foreign.status, foreign.code) == (404, "not_found")
    host = await face.ask("POST", "/v1/guards/switches/pause", {"scope": "host"}, key=key)

    assert (host.status, host.code) == (403, "forbidden")
    assert [request["name"] for _, request in face.desk.asked] == [name for _, name in mine]
    audit = await face.ask("GET", "/v1/audit?limit=1000")
    who = [each["actor"] for each in audit.json["items"] if each["what"] == "guard.pause.asked"]
    assert len(who) == len(mine)


async def test_without_an_engine_nothing_is_promised(face: Face) -> None:
    """What only a running service can do is a 503, and nothing is written."""
    face.services.guardroom.warding._wards = Wards()
    answer = await face.ask("POST", "/v1/guards/switches/pause", {"scope": "host"})
    assert (answer.status, answer.code) == (503, "not_running")


async def test_a_loosening_of_a_protective_guard_waits_for_the_ratchet() -> None:
    """By the API as by a command: the guard stands on, and the request can be withdrawn."""
    host = Host()
    await host.store.start()
    standing = await host.read(guard())
    assert standing is not None
    name = standing.pack.name
    face = Face(
        host.memory, StillClock(host.clock.time), wards=Wards(desk=host.trust.desk.handlers)
    )
    wish = {"scope": "guard", "name": name}
    asked = await face.ask("POST", "/v1/guards/switches/pause", wish)

    assert asked.json["done"] is None
    assert "protective" in asked.json["waiting"][0]
    assert not host.guarding.standing.stopped
    (change,) = (await face.ask("GET", "/v1/guards/changes")).json["items"]
    assert (change["guard"], change["state"]) == (name, "waiting")
    path = f"/v1/guards/changes/{change['id']}"
    wrong = await face.ask("POST", f"{path}/grant", {"secret": "planted-wrong"})
    assert (wrong.status, wrong.code) == (409, "conflict")
    assert (await face.ask("POST", f"{path}/withdraw")).status == 200
    assert (await face.ask("GET", "/v1/guards/changes")).json["items"] == []
    gone = await face.ask("POST", f"{path}/withdraw")
    assert (gone.status, gone.code) == (404, "not_found")
    await host.store.stop()


async def test_a_tenant_has_mail_judged_at_its_own_accounts_alone(face: Face) -> None:
    """By the desk of the engine, and in the audit; others' accounts and guards are not there."""
    key, other = await tenant(face), await tenant(face, "other", "bert")
    id_ = await posted(face, key, accounts=["anna"])
    path = f"/v1/guards/{id_}/sweep"

    swept = await face.ask("POST", path, {"accounts": ["anna"]}, key=key)
    assert (swept.status, swept.json) == (202, {"accounts": 1})
    assert face.desk.asked == [("guard.sweep", {"account": "anna"})]
    for body, who in (({"accounts": ["anna", "bert"]}, key), ({"accounts": ["bert"]}, other)):
        assert (await face.ask("POST", path, body, key=who)).status == 404
    assert len(face.desk.asked) == 1
