"""Mail over the API on a real Dovecot: listed, searched, read, marked, moved, and by whom."""

from __future__ import annotations

import asyncio
import json
import os
import tracemalloc
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api import ROOT, Face
from tests.support.dovecot import Dovecot
from tests.support.postbox import Box, boxed, letter, living, with_attachment
from tests.support.process import wait_until
from vedette.model.account import AccountState, Demand, Hold
from vedette.model.ids import AccountId
from vedette.service.mailbox import listing
from vedette.service.mailbox import sessions as pool


@pytest.fixture
async def face(tmp_path: Path) -> AsyncIterator[Face]:
    async with living(tmp_path) as made:
        yield made


@pytest.fixture
async def box(face: Face, dovecot: Dovecot, user: str) -> Box:
    return await boxed(face, dovecot, user)


async def test_messages_are_listed_newest_first_and_stay_unread(box: Box, dovecot: Dovecot) -> None:
    """An envelope is in the words of the event; to list and to read mark nothing as read."""
    await box.holds(letter("One"), letter("Two", in_reply_to="<x@example.org>"))

    found = await box.listed()
    assert [each["subject"] for each in found] == ["Two", "One"]
    assert found[0]["from"] == {"name": "Ann", "address": "ann@example.org"}
    assert found[0]["inReplyTo"] == "<x@example.org>"
    assert found[0]["folder"] == {"path": "INBOX", "specialUse": "\\Inbox"}
    for path in ("", "/raw"):
        assert (await box.ask("GET", f"messages/{found[0]['id']}{path}")).status == 200

    flags = ("fetch", "-u", box.user, "flags", "mailbox", "INBOX", "all")
    assert "\\Seen" not in await asyncio.to_thread(dovecot.doveadm, *flags)


async def test_pages_follow_each_other_to_the_end(box: Box) -> None:
    """Each message is on one page, the newest on the first, and null ends the list."""
    await box.holds(*(letter(f"{number}") for number in range(7)))

    seen, after = [], ""
    while True:
        page = (await box.ask("GET", f"folders/INBOX/messages?limit=3{after}")).json
        seen += [each["subject"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert seen == [f"{number}" for number in reversed(range(7))]


async def test_a_search_finds_what_the_server_finds(box: Box) -> None:
    """Each filter narrows, together they all hold, and 8-bit text is looked for as it is."""
    await box.holds(letter("Grüße an alle"), letter("Rechnung", body="Betrag: 7"))
    await box.holds(letter("Read", List_Id="News <news.example.org>"), flags="\\Seen \\Flagged")

    assert await box.subjects(f"?subject={quote('grüße')}") == ["Grüße an alle"]
    assert await box.subjects("?body=Betrag") == ["Rechnung"]
    assert await box.subjects("?text=news.example.org") == ["Read"]
    assert await box.subjects(f"?header={quote('List-Id: news')}") == ["Read"]
    assert await box.subjects("?unseen=true") == ["Rechnung", "Grüße an alle"]
    assert await box.subjects("?unseen=false&flagged=true") == ["Read"]
    assert await box.subjects("?from=ann&unseen=false") == ["Read"]
    assert await box.subjects("?since=2020-01-01&before=2100-01-01&limit=1") == ["Read"]
    assert await box.subjects("?before=2020-01-01") == []
    assert await box.subjects("?larger=100000") == []
    assert await box.subjects("?uid=2") == ["Rechnung"]


@pytest.mark.parametrize(
    "query",
    [
        "subject=" + quote('x" UNDELETED SUBJECT "'),
        "subject=" + quote("x) UNDELETED (SUBJECT y"),
        "from=" + quote("{3}"),
        "text=" + quote('\\"'),
        "to=%2A",
        "keyword=NoSuchKeyword",
    ],
)
async def test_no_text_becomes_a_criterion(box: Box, query: str) -> None:
    """What looks like the protocol is looked for as text, and found nowhere."""
    await box.holds(letter("Plain"))

    assert await box.subjects(f"?{query}") == []


@pytest.mark.parametrize(
    "query",
    ["subject=a%0D%0Ab", "keyword=a%20b", "header=nocolon", "since=yesterday", "uid=0", "nope=1"],
)
async def test_a_search_that_can_not_be_meant_is_a_mistake(box: Box, query: str) -> None:
    """The field is named, and no server is asked."""
    answer = await box.ask("GET", f"folders/INBOX/messages?{query}")

    assert (answer.status, answer.code) == (422, "invalid")
    assert box.face.services.mailboxes.sessions.count == 0


async def test_a_message_is_told_as_deep_as_is_asked(box: Box) -> None:
    """Metadata has no text, full has attached messages; attachments name their parts."""
    await box.holds(with_attachment("a.pdf", b"%PDF-1.4 " * 9000))
    id_ = await box.only()

    metadata = (await box.ask("GET", f"messages/{id_}?depth=metadata")).json
    full = (await box.ask("GET", f"messages/{id_}?depth=full")).json

    assert metadata["text"] is None
    assert full["text"]["plain"].strip() == "See the file."
    assert [each["filename"] for each in full["attachments"]] == ["a.pdf"]
    assert full["nested"] == []
    assert full["id"] == id_


@pytest.mark.parametrize("count", [1, 20_000], ids=["in memory", "through a file"])
async def test_an_attachment_is_what_was_attached(box: Box, tmp_path: Path, count: int) -> None:
    """Its octets come decoded, and nothing of them stays in the spool."""
    data = bytes(range(256)) * count
    await box.holds(with_attachment("all.bin", data))
    id_ = await box.only()

    answer = await box.ask("GET", f"messages/{id_}/attachments/2")

    assert answer.body == data
    assert answer.headers["content-disposition"] == 'attachment; filename="all.bin"'
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_a_message_comes_as_the_server_has_it(box: Box) -> None:
    """Octet by octet, as a file, with its length."""
    mail = letter("Raw", body="x" * 200_000)
    await box.holds(mail)

    answer = await box.ask("GET", f"messages/{await box.only()}/raw")

    assert answer.body == mail
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-length"] == str(len(mail))
    assert answer.headers["content-disposition"] == 'attachment; filename="message.eml"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/xhtml+xml"])
async def test_nothing_of_mail_is_of_a_type_that_runs(box: Box, kind: str) -> None:
    """A page or a picture with scripts is told as octets to save."""
    await box.holds(with_attachment("page.html", b"<script>alert(1)</script>", kind))

    answer = await box.ask("GET", f"messages/{await box.only()}/attachments/2")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_flags_are_set_and_taken_off_and_audited(box: Box) -> None:
    """The answer has the flags as they are then; the audit says who changed what, of no content."""
    await box.holds(letter("Secret subject"))
    id_ = await box.only()

    first = await box.ask("PATCH", f"messages/{id_}", {"add": ["\\seen", "Invoiced"]})
    second = await box.ask("PATCH", f"messages/{id_}", {"add": [], "remove": ["\\Seen"]})

    assert first.json == {"id": id_, "flags": ["Invoiced", "\\Seen"], "unkept": []}
    assert second.json["flags"] == ["Invoiced"]
    noted = await box.audited("message.flags")
    assert [each["add"] for each in noted] == [["\\Seen", "Invoiced"], []]
    assert "Secret" not in json.dumps(noted)


@pytest.mark.parametrize(
    "body",
    [
        {"add": ["\\Deleted"]},
        {"remove": ["\\Recent"]},
        {"add": ["two words"]},
        {"add": ["x\r\nA1 EXPUNGE"]},
        {"add": ["x"], "remove": ["X"]},
        {"add": [")"]},
        {},
    ],
)
async def test_a_flag_that_is_none_changes_nothing(box: Box, body: dict[str, Any]) -> None:
    r"""\Deleted is none of them: another program would take the message away for good."""
    await box.holds(letter("Here"))
    id_ = await box.only()

    answer = await box.ask("PATCH", f"messages/{id_}", body)

    assert (answer.status, answer.code) == (422, "invalid")
    assert (await box.listed())[0]["flags"] == []
    assert await box.audited("message.flags") == []


async def moved(box: Box) -> None:
    """Move one of two, find it by its new id, and the other where it was."""
    await box.holds(letter("Stays"), letter("Goes"))
    await asyncio.to_thread(box.server.append, box.user, "F&AOQ-lle/A", letter("There"))
    first, other = await box.listed()

    answer = await box.ask("POST", f"messages/{first['id']}/move", {"folder": "Fälle/A"})

    assert answer.status == 200, answer.body
    assert answer.json["folder"]["path"] == "Fälle/A"
    assert (await box.ask("GET", f"messages/{answer.json['id']}")).json["subject"] == "Goes"
    assert (await box.ask("GET", f"messages/{first['id']}")).status == 404
    assert (await box.ask("GET", f"messages/{other['id']}")).json["subject"] == "Stays"
    assert await box.subjects(folder="Fälle/A") == ["Goes", "There"]
    [note] = await box.audited("message.move")
    assert (note["account"], note["uid"], note["to"]) == ("box", first["uid"], "Fälle/A")


async def test_a_message_is_moved_and_has_a_new_id(box: Box) -> None:
    """By UID MOVE, and the answer names it where it is."""
    await moved(box)


async def test_a_message_is_moved_by_copying_where_there_is_no_move(
    face: Face, plain_dovecot: Dovecot, user: str
) -> None:
    r"""By COPY and UID EXPUNGE; what others marked \Deleted stays."""
    box = await boxed(face, plain_dovecot, user)
    await box.holds(letter("Doomed"), flags="\\Deleted")
    await asyncio.to_thread(box.server.append, user, "Done", letter("There"))
    await box.holds(letter("Goes"))
    newest = (await box.listed())[0]

    answer = await box.ask("POST", f"messages/{newest['id']}/move", {"folder": "Done"})

    assert answer.status == 200, answer.body
    assert await box.subjects(folder="Done") == ["Goes", "There"]
    assert await box.subjects() == ["Doomed"]


@pytest.mark.parametrize(
    ("lacks", "rights", "words"),
    [
        (("MOVE", "UIDPLUS"), ("write", "write-deleted", "expunge"), "neither MOVE nor UIDPLUS"),
        (("MOVE",), ("write",), "lets no message of the folder be taken out"),
    ],
)
async def test_one_message_that_can_not_be_taken_out_alone_stays_where_it_is(
    face: Face,
    make_dovecot: Callable[..., Dovecot],
    user: str,
    lacks: tuple[str, ...],
    rights: tuple[str, ...],
    words: str,
) -> None:
    """For want of commands, or of the right: a 409 says so, and there is no copy and no mark."""
    server = make_dovecot(rights=True, without=frozenset(lacks))
    box = await boxed(face, server, user)
    await box.holds(letter("Stays"), folder="Ward")
    await box.holds(letter("There"))
    kept = ("lookup", "read", "write-seen", *rights)
    await asyncio.to_thread(server.permit, user, "Ward", *kept)
    [found] = await box.listed(folder="Ward")

    answer = await box.ask("POST", f"messages/{found['id']}/move", {"folder": "INBOX"})

    assert (answer.status, answer.code) == (409, "conflict")
    assert words in answer.json["detail"]
    assert await box.subjects() == ["There"]
    [after] = await box.listed(folder="Ward")
    assert after == found
    assert await box.audited("message.move_failed") != []


async def test_pages_find_messages_far_apart(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Window by window: a page may be short, and the next one goes on where it ended."""
    monkeypatch.setattr(listing, "FIRST", 2)
    monkeypatch.setattr(listing, "WIDER", 1)
    monkeypatch.setattr(listing, "WINDOWS", 2)
    await box.holds(*(letter(f"{number}") for number in range(12)))

    pages, after = [], ""
    while True:
        page = (await box.ask("GET", f"folders/INBOX/messages?body=Hello&to=bob{after}")).json
        pages.append([each["subject"] for each in page["items"]])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert pages == [["11", "10", "9", "8"], ["7", "6", "5", "4"], ["3", "2", "1", "0"]]


async def test_a_large_message_is_never_in_memory_whole(box: Box) -> None:
    """Of 12 MB that come and go, a window at a time is held."""
    mail = letter("Large", body=("x" * 70 + "\n") * 170_000)
    await box.holds(mail)
    id_ = await box.only()
    mailboxes = box.face.services.mailboxes
    tracemalloc.start()
    content = await mailboxes.raw(ROOT, AccountId("box"), id_)
    count = 0
    async for piece in content.pieces():
        count += len(piece)
    mailboxes.ended(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == len(mail)
    assert peak < 6_000_000


async def test_a_folder_that_is_not_there_is_not_made(box: Box) -> None:
    """To move into it is a 404, and the message stays."""
    await box.holds(letter("Stays"))

    answer = await box.ask("POST", f"messages/{await box.only()}/move", {"folder": "Nowhere"})

    assert (answer.status, answer.code) == (404, "not_found")
    assert await box.subjects() == ["Stays"]
    assert [each["code"] for each in await box.audited("message.move_failed")] == ["not_found"]


async def test_a_folder_that_was_made_anew_knows_no_older_id(box: Box, dovecot: Dovecot) -> None:
    """Its UIDs are other messages': to read, to mark, to move and to go on is a 410."""
    await box.holds(letter("One"), letter("Two"))
    page = (await box.ask("GET", "folders/INBOX/messages?limit=1")).json
    id_ = page["items"][0]["id"]
    await asyncio.to_thread(dovecot.reset_uid_validity, box.user, "INBOX")

    for method, path, body in (
        ("GET", f"messages/{id_}", None),
        ("GET", f"messages/{id_}/raw", None),
        ("PATCH", f"messages/{id_}", {"add": ["\\Seen"]}),
        ("POST", f"messages/{id_}/move", {"folder": "INBOX.x"}),
        ("GET", f"folders/INBOX/messages?after={page['next']}", None),
    ):
        answer = await box.ask(method, path, body)
        assert answer.status in ({404, 410} if "move" in path else {410}), (path, answer.body)
    assert [each["flags"] for each in await box.listed()] == [[], []]


@pytest.mark.parametrize("id_", ["x", "MTow", "%00", "é", "MToxOjE6SU5CT1gNCg", "A" * 3000])
async def test_a_made_up_id_is_that_of_no_message(box: Box, id_: str) -> None:
    """It is a 404, or no address at all."""
    answer = await box.ask("GET", f"messages/{quote(id_, safe='%')}")

    assert answer.status in {400, 404}


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
