"""Whose mail is read over the API, by whom, and by which session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Face
from tests.support.dovecot import Dovecot
from tests.support.postbox import Box, boxed, letter, living
from tests.support.process import wait_until
from vedette.model.account import AccountState, Demand, Hold
from vedette.service.mailbox import sessions as pool


@pytest.fixture
async def face(tmp_path: Path) -> AsyncIterator[Face]:
    async with living(tmp_path) as made:
        yield made


@pytest.fixture
async def box(face: Face, dovecot: Dovecot, user: str) -> Box:
    return await boxed(face, dovecot, user)


async def test_another_tenants_mail_is_not_there(box: Box) -> None:
    """To read, to mark, to move: the words are those for an account that nobody has."""
    await box.holds(letter("Mine"))
    id_ = await box.only()
    key = await box.face.key("mail:read", "mail:write", tenant="other")

    for method, path, body in EVERY:
        path_ = path.replace("ID", id_)
        foreign = await box.face.ask(method, f"/v1/accounts/box/{path_}", body, key=key)
        nobody = await box.face.ask(method, f"/v1/accounts/xob/{path_}", body, key=key)
        assert (foreign.status, foreign.code) == (404, "not_found"), path
        assert foreign.json["detail"].replace("box", "xob") == nobody.json["detail"]
    assert (await box.listed())[0]["flags"] == []


EVERY: list[tuple[str, str, Any]] = [
    ("GET", "folders", None),
    ("GET", "folders/INBOX/messages", None),
    ("GET", "messages/ID", None),
    ("GET", "messages/ID/raw", None),
    ("GET", "messages/ID/attachments/1", None),
    ("PATCH", "messages/ID", {"add": ["\\Seen"]}),
    ("POST", "messages/ID/move", {"folder": "INBOX"}),
]


async def test_who_may_read_may_not_change(box: Box) -> None:
    """Each scope is for its own; nothing is asked of the server without it."""
    await box.holds(letter("Mine"))
    id_ = await box.only()
    reader = await box.face.key("mail:read", tenant="acme")
    nobody = await box.face.key("accounts:read", tenant="acme")

    for method, path, body in EVERY:
        there = f"/v1/accounts/box/{path.replace('ID', id_)}"
        assert (await box.face.ask(method, there, body, key=nobody)).status == 403
        answer = await box.face.ask(method, there, body, key=reader)
        assert (answer.status == 403) is (method != "GET"), path


async def test_without_a_consent_nothing_is_read(face: Face, dovecot: Dovecot, user: str) -> None:
    """It is a 409 until somebody agrees, and again once the consent is taken back."""
    box = await boxed(face, dovecot, user, consent="2")

    for method, path, body in EVERY:
        answer = await box.ask(method, path.replace("ID", "x"), body)
        assert (answer.status, answer.code) == (409, "consent_missing")
    assert face.services.mailboxes.sessions.count == 0

    await face.ask("PUT", "/v1/consents/box", {"version": "2"})
    assert (await box.ask("GET", "folders")).status == 200
    await face.ask("DELETE", "/v1/consents/box")
    assert (await box.ask("GET", "folders")).code == "consent_missing"


async def test_a_paused_account_is_not_asked(box: Box) -> None:
    """By hand, or held by the engine: a 409 that says why."""
    await box.face.ask("POST", "/v1/accounts/box/pause")
    paused = await box.ask("GET", "folders")
    await box.face.ask("POST", "/v1/accounts/box/resume")
    hold = Demand(hold=Hold(reason="no secret", state=AccountState.ERROR))
    box.face.entrance.let("box", box.server.port, user=box.user, demand=hold)
    held = await box.ask("GET", "folders")

    assert (paused.status, paused.code) == (held.status, held.code) == (409, "conflict")
    assert "no secret" in held.json["detail"]


async def test_a_refused_login_is_told_in_the_servers_words_and_not_tried_at_once(
    box: Box,
    dovecot: Dovecot,
) -> None:
    """The second request is answered without a login; new credentials are tried at once."""
    box.face.entrance.let("box", box.server.port, user=box.user, password="wrong")
    first = await box.ask("GET", "folders")
    failed = partial(tries, dovecot, box.user)
    await asyncio.to_thread(
        wait_until, lambda: failed() > 0, within=20, what="the server to log it"
    )
    second = await box.ask("GET", "folders")

    assert (first.status, first.code) == (second.status, second.code) == (502, "auth_failed")
    assert "failed" in first.json["reply"].lower()
    assert first.json["responseCode"] == "AUTHENTICATIONFAILED"
    assert b"wrong" not in first.body
    assert failed() == 1

    box.face.entrance.let("box", box.server.port, user=box.user)
    assert (await box.ask("GET", "folders")).status == 200


def tries(server: Dovecot, user: str) -> int:
    """Return how many logins of a user the server refused."""
    return sum("auth failed" in line and user in line for line in server.log().splitlines())


async def test_a_server_that_is_away_is_a_502(box: Box) -> None:
    """With the network's own words, and no guess about the account."""
    box.face.entrance.let("box", 1, user=box.user)

    answer = await box.ask("GET", "folders")

    assert (answer.status, answer.code) == (502, "unreachable")


async def test_a_session_is_kept_for_the_next_request_and_ends_with_the_password(
    box: Box, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten requests are one login; at most two go on at once; another password ends them."""
    monkeypatch.setattr(pool, "LOOK", 0.01)
    for _ in range(5):
        assert (await box.ask("GET", "folders")).status == 200
    assert len(await asyncio.to_thread(dovecot.session_pids, box.user)) == 1

    answers = await asyncio.gather(*(box.ask("GET", "folders") for _ in range(8)))
    assert {each.status for each in answers} == {200}
    assert box.face.services.mailboxes.sessions.count <= pool.PER_ACCOUNT

    box.face.entrance.let("box", box.server.port, user=box.user, password="changed")
    await asyncio.to_thread(
        wait_until,
        lambda: not dovecot.session_pids(box.user),
        within=20,
        what="its sessions to end",
    )
    assert box.face.services.mailboxes.sessions.count == 0


async def test_a_session_that_the_server_ended_meanwhile_is_not_used(
    box: Box, dovecot: Dovecot
) -> None:
    """It is found out before the request, which has a new one."""
    await box.holds(letter("Here"))
    assert await box.subjects() == ["Here"]
    await asyncio.to_thread(dovecot.doveadm, "kick", box.user)

    assert (await box.ask("GET", "folders")).status == 200
