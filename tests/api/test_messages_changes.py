"""Mail that is marked and moved over the API on a real Dovecot, one message and no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Face
from tests.support.dovecot import Dovecot
from tests.support.postbox import Box, boxed, letter, living


@pytest.fixture
async def face(tmp_path: Path) -> AsyncIterator[Face]:
    async with living(tmp_path) as made:
        yield made


@pytest.fixture
async def box(face: Face, dovecot: Dovecot, user: str) -> Box:
    return await boxed(face, dovecot, user)


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
