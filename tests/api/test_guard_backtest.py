"""A guard is tried on a mailbox over the API: as by the command, and nothing of the mail changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.test_guard_backtest import CLOSED, HAM, backtest
from tests.servers.test_guard_serve import PACK, folders, offer
from tests.support.api import Answer, Face
from tests.support.dovecot import Dovecot
from tests.support.postbox import Box, boxed, living
from vedette.client.trials import Tally
from vedette.engine.standing import Standing
from vedette.model.ids import AccountId
from vedette.service.guards import stretch

TEXT = PACK.replace("{sources: [parlours.txt]}", "{entries: [lucky.example]}")
PATH = "/v1/guards/parlour/backtest"
#: What the command tells of a message as well.
BOTH = ("folder", "uid", "sender", "verdict", "wanted", "score", "allowed", "explanation")


@pytest.fixture
async def face(tmp_path: Path) -> AsyncIterator[Face]:
    async with living(tmp_path) as made:
        await posted(made)
        yield made


@pytest.fixture
async def box(face: Face, dovecot: Dovecot, user: str) -> Box:
    found = await boxed(face, dovecot, user)
    await asyncio.to_thread(dovecot.deliver_many, user, [HAM, offer("one"), offer("two"), CLOSED])
    return found


async def posted(face: Face, text: str = TEXT, **members: object) -> None:
    made = await face.ask("POST", "/v1/guards", {"id": "parlour", "text": text, **members})
    assert made.status == 201, made.body


async def tried(face: Face, **wish: object) -> dict[str, Any]:
    """Return one stretch."""
    answer = await face.ask("POST", PATH, {"account": "box", "last": 10, **wish})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


async def walked(face: Face, **wish: object) -> list[dict[str, Any]]:
    """Return all stretches, one after the other."""
    found = [await tried(face, **wish)]
    while found[-1]["next"] is not None:
        assert len(found) < 20
        found.append(await tried(face, **wish, next=found[-1]["next"]))
    return found


async def refused(face: Face, key: str = "root", path: str = PATH, **wish: Any) -> Answer:
    return await face.ask("POST", path, {"account": "box", "last": 10, **wish}, key=key)


async def test_the_api_and_the_command_say_the_same_of_the_same_mail(
    box: Box, dovecot: Dovecot, tmp_path: Path
) -> None:
    """Message by message with its reasons, and in the sum; nothing is moved or seen by it."""
    (tmp_path / "parlour.yaml").write_text(TEXT)

    found = await tried(box.face)
    status, out, err = await asyncio.to_thread(
        backtest, dovecot, box.user, tmp_path / "parlour.yaml", "--last", "10", "--json"
    )

    assert (status, err) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    assert [{name: each[name] for name in BOTH} for each in found["items"]] == [
        {name: each[name] for name in BOTH} for each in told
    ]
    assert found["tally"] == {
        "judged": 4, "moved": 2, "marked": 1, "capped": 1, "left": 0, "unread": 0,
    }  # fmt: skip
    assert (found["guard"], found["remarks"], found["next"]) == ("parlour", [], None)
    assert await asyncio.to_thread(folders, dovecot, box.user) == {"INBOX": 4}
    assert [each["flags"] for each in await box.listed()] == [[]] * 4
    assert (await box.ask("GET", f"messages/{found['items'][0]['id']}")).json["uid"] == 2


async def test_a_long_mailbox_is_gone_over_in_stretches(
    box: Box, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each message once, from folder to folder; what comes meanwhile is not part of it."""
    monkeypatch.setattr(stretch, "MOST", 2)
    monkeypatch.setattr(stretch, "PART", 2)
    await asyncio.to_thread(dovecot.append, box.user, "Archive", offer("old"))
    wish: dict[str, Any] = {"folders": ["INBOX", "Archive"], "last": 3}

    first = await tried(box.face, **wish)
    await asyncio.to_thread(dovecot.deliver, box.user, offer("late"))
    rest = await walked(box.face, **wish, next=first["next"])

    found = [each for part in (first, *rest) for each in part["items"]]
    assert [(each["folder"], each["uid"]) for each in found] == [
        ("INBOX", 2), ("INBOX", 3), ("INBOX", 4), ("Archive", 1),
    ]  # fmt: skip
    tally = sum((Tally(**each["tally"]) for each in (first, *rest)), Tally())
    assert (tally.judged, tally.moved) == (4, 3)


async def test_a_draft_is_tried_before_it_takes_the_place_of_what_is_posted(box: Box) -> None:
    """It is judged by, and the guard stays as it was; one that can not be posted is told of."""
    draft = TEXT.replace("free spins", "at noon").replace(
        "OFFER: {where: [subject]", "OFFER: {where: [text]"
    )
    before = (await box.face.ask("GET", "/v1/guards/parlour")).json

    now, then = await tried(box.face), await tried(box.face, text=draft)

    assert now["version"] != then["version"]
    assert now["items"] != then["items"]
    assert (await box.face.ask("GET", "/v1/guards/parlour")).json == before
    await box.face.ask("PATCH", "/v1/guards/parlour", {"text": draft})
    assert (await tried(box.face))["items"] == then["items"]
    wrong = await refused(box.face, text="guard: parlour\nnonsense: 1\n")
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "text")
    both = await refused(box.face, text=draft, pack="gambling")
    assert (both.status, both.json["errors"][0]["field"]) == (422, "pack")


async def test_senders_that_a_person_allowed_are_left_alone(box: Box) -> None:
    """As the guard at its post would leave them, also while it is paused."""
    world = box.face.entrance.world
    assert world is not None
    sender = frozenset({"news.lucky.example"})
    world.guards.standing = Standing(
        allowed={(AccountId("box"), "parlour"): sender}, stopped=frozenset({"host:"})
    )

    found = await tried(box.face)

    assert [each["allowed"] for each in found["items"]] == [True] * 3
    assert (found["tally"]["moved"], found["tally"]["left"]) == (0, 3)


async def test_what_does_not_come_in_time_is_told_as_unread(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stretch goes on by something, so a server that stalls ends no caller's loop."""
    monkeypatch.setattr(stretch, "FETCHING", 0.0)
    monkeypatch.setattr(stretch, "PART", 3)

    found = await walked(box.face)

    assert [each["tally"]["unread"] for each in found] == [3, 1, 0]
    assert sum(each["tally"]["judged"] for each in found) == 0


async def test_a_folder_that_was_made_anew_is_not_gone_on_with(
    box: Box, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers are other messages now; so it is for a folder that is gone."""
    monkeypatch.setattr(stretch, "MOST", 1)
    monkeypatch.setattr(stretch, "PART", 1)
    for name in ("one", "two"):
        await asyncio.to_thread(dovecot.append, box.user, "Box", offer(name))
    first = await tried(box.face, folders=["Box"])
    await asyncio.to_thread(dovecot.doveadm, "mailbox", "delete", "-u", box.user, "-s", "Box")
    await asyncio.to_thread(dovecot.append, box.user, "Box", offer("three"))
    await asyncio.to_thread(dovecot.append, box.user, "Box", offer("four"))

    again = await refused(box.face, folders=["Box"], next=first["next"])
    other = await refused(box.face, folders=["INBOX"], next=first["next"])

    assert (again.status, again.code) == (other.status, other.code) == (410, "gone")


async def test_who_tries_a_guard_on_mail_may_read_it(box: Box) -> None:
    """It takes both scopes, of the tenant whose mailbox it is; the audit says who did."""
    face = box.face
    made = await face.ask("POST", "/v1/guards", {"id": "acme-own", "tenant": "acme", "text": TEXT})
    assert made.status == 201, made.body
    path = "/v1/guards/acme-own/backtest"
    both = await face.key("guards:read", "mail:read", tenant="acme")
    other = await face.key("guards:*", "mail:read", tenant="other")

    for scope in ("guards:read", "mail:read"):
        answer = await refused(face, await face.key(scope, tenant="acme"), path)
        assert (answer.status, answer.code) == (403, "forbidden")
    assert (await refused(face, other, path)).status == 404
    assert (await refused(face, both, path, account="xob")).status == 404
    assert await box.audited("guard.backtest") == []
    assert (await refused(face, both, path)).status == 200
    [told] = await box.audited("guard.backtest")
    assert (told["account"], told["guard"], told["tenant"]) == ("box", "acme-own", "acme")


async def test_without_a_consent_no_mail_is_judged(box: Box) -> None:
    """Neither where the account asks for one, nor where the guard that is tried does."""
    asks = f"{TEXT}kind: protective\nlock: {{loosen_delay: 24h, consent: true}}\n"

    answer = await refused(box.face, text=asks)
    assert (answer.status, answer.code) == (409, "consent_missing"), answer.body
    await box.face.ask("PATCH", "/v1/accounts/box", {"consent": "2"})
    account = await refused(box.face)
    assert (account.status, account.code) == (409, "consent_missing"), account.body


async def test_few_mailboxes_are_gone_over_at_once(box: Box) -> None:
    """The second request for the same one is told to come again."""
    answers = await asyncio.gather(*(refused(box.face) for _ in range(3)))

    assert sorted(each.status for each in answers) == [200, 429, 429]
    assert {each.code for each in answers if each.status != 200} == {"too_many"}


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"last": None}, 422),
        ({"last": 0}, 422),
        ({"since": "soon"}, 422),
        ({"folders": ["Nowhere"]}, 409),
        ({"next": "nonsense"}, 400),
        ({"next": "MTpbXQ"}, 400),
        ({"account": "nobody"}, 404),
    ],
    ids=str,
)
async def test_a_backtest_that_can_not_be_is_refused(
    face: Face, dovecot: Dovecot, user: str, wish: dict[str, Any], status: int
) -> None:
    """With a clear 4xx; the way to the mailbox is as free as before."""
    await boxed(face, dovecot, user)

    answer = await refused(face, **wish)

    assert (answer.status, bool(answer.code)) == (status, True), answer.body
    assert (await refused(face)).status == 200
