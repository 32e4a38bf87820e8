"""A guard acts on mail as it arrives: on Dovecot with everything, and with much of it cut away."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import blocking, mailbox
from tests.support.guards import (
    QUARANTINE,
    guarded,
    held,
    letter_from,
    pack,
    post,
    unwanted,
)
from vedette.engine.guarding import Mode
from vedette.guard.pack import Limits
from vedette.model.action import ActionState
from vedette.ports.journal import JournalQuery

pytestmark = pytest.mark.server

#: What a server may lack, by the way that is left.
LACKS = {
    "everything": frozenset[str](),
    "no SEARCHRES": frozenset({"SEARCHRES"}),
    "no MOVE": frozenset({"MOVE"}),
    "no MOVE, no SEARCHRES": frozenset({"MOVE", "SEARCHRES", "ESEARCH"}),
    "no IDLE, no NOTIFY": frozenset({"IDLE", "NOTIFY"}),
}


async def test_unwanted_mail_is_moved_and_all_of_it_is_told(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It is gone from INBOX and lies in the quarantine; journal and events say so; other mail stays."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        bad, good = new_token(), new_token()
        watching.books.expect([bad, good])
        await blocking(dovecot.deliver, user, unwanted(bad))
        await blocking(dovecot.deliver, user, letter_from("ann@example.org", good))
        await watching.until_taken(
            lambda books: bool(books.of_type("action.applied")), "action.applied"
        )
        await watching.until_all_came()
        entries = await watching.engine.store.journal(JournalQuery())

    assert held(dovecot, user) == {QUARANTINE: [bad], "INBOX": [good]}
    assert [entry.state for entry in entries] == [ActionState.DONE]
    assert entries[0].result is not None
    assert entries[0].result.uid == 1
    [applied] = watching.books.of_type("action.applied")
    assert applied["data"]["result"]["folder"] == QUARANTINE
    [decided] = watching.books.of_type("guard.decided")
    assert decided["data"]["explanation"].startswith("quarantine 6 = FROM_LISTED 6")
    assert watching.check().kept


@pytest.mark.parametrize("lacks", LACKS.values(), ids=LACKS)
async def test_a_burst_is_moved_whatever_the_server_lacks(
    lacks: frozenset[str],
    make_dovecot: Callable[..., Dovecot],
    user: str,
    tmp_path: Path,
) -> None:
    r"""Twenty messages among twenty others are moved, and what others marked \Deleted stays."""
    server = make_dovecot(without=lacks)
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        foreign = new_token()
        watching.books.expect([foreign])
        await blocking(
            server.append, user, "INBOX", letter_from("ann@example.org", foreign), flags="\\Deleted"
        )
        bad, good = [new_token() for _ in range(20)], [new_token() for _ in range(20)]
        watching.books.expect([*bad, *good])
        letters = [
            letter
            for one, other in zip(bad, good, strict=True)
            for letter in (unwanted(one), letter_from("ann@example.org", other))
        ]
        await blocking(server.deliver_many, user, letters)
        await watching.until_taken(
            lambda books: len(books.of_type("action.applied")) >= len(bad), "20 action.applied"
        )
        await watching.until_all_came()
        entries = await watching.engine.store.journal(JournalQuery(limit=100))

    found = held(server, user)
    assert sorted(found[QUARANTINE]) == sorted(bad)
    assert sorted(found["INBOX"]) == sorted([foreign, *good])
    assert {entry.state for entry in entries} == {ActionState.DONE}
    assert len(entries) == len(bad)
    assert all(entry.result is not None and entry.result.uid for entry in entries)
    assert watching.check().kept


async def test_without_move_and_uidplus_a_message_is_marked_and_stays(
    make_dovecot: Callable[..., Dovecot], user: str, tmp_path: Path
) -> None:
    """One message can not be taken away alone there, so none is; the event says why."""
    server = make_dovecot(without=frozenset({"MOVE", "UIDPLUS"}))
    box = mailbox(user, port=server.tls_port, ca_file=server.ca_file)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(server.deliver, user, unwanted(token))
        await watching.until_taken(
            lambda books: bool(books.of_type("action.failed")), "action.failed"
        )

    assert held(server, user) == {"INBOX": [token]}
    flags = server.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX")
    assert "$Guarded" in flags
    assert "\\Deleted" not in flags
    [failed] = watching.books.of_type("action.failed")
    assert "neither MOVE nor UIDPLUS" in failed["data"]["reason"]


async def test_a_guard_in_shadow_touches_nothing(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It decides and says so, and the message stays as it was."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path, posts=[post(mode=Mode.SHADOW)]) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(dovecot.deliver, user, unwanted(token))
        await watching.until_taken(
            lambda books: bool(books.of_type("guard.decided")), "guard.decided"
        )
        entries = await watching.engine.store.journal(JournalQuery())

    assert entries == []
    assert held(dovecot, user) == {"INBOX": [token]}
    assert "Quarantine" not in dovecot.doveadm("mailbox", "list", "-u", user)
    [decided] = watching.books.of_type("guard.decided")
    assert (decided["data"]["verdict"], decided["data"]["acted"]) == ("quarantine", "shadow")


async def test_mail_in_junk_is_judged_too(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """A folder that is not the one kept open is acted in as well."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        token = new_token()
        watching.books.expect([token])
        await blocking(dovecot.deliver, user, unwanted(token), folder="Junk")
        await watching.until_taken(
            lambda books: bool(books.of_type("action.applied")), "action.applied"
        )

    assert held(dovecot, user) == {QUARANTINE: [token]}


async def test_all_folders_are_watched_but_the_quarantine(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """What was moved there is not told of a second time, and not judged again (G6, G18)."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file, folders=("*",))
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        first, second = new_token(), new_token()
        for token in (first, second):
            watching.books.expect([token])
            await blocking(dovecot.deliver, user, unwanted(token))
            await watching.until_taken(lambda books: not books.missing, f"the event of {token}")
        await watching.until_taken(
            lambda books: len(books.of_type("action.applied")) >= 2, "both actions"
        )

    assert {receipt.folder for receipt in watching.books.receipts} == {"INBOX"}
    assert sorted(held(dovecot, user)[QUARANTINE]) == sorted([first, second])


async def test_a_guard_that_runs_away_is_stopped(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Beyond its limit it only marks, and an event says so (G17)."""
    posts = [post(pack(limits=Limits(actions_per_hour=2, share=1.0, symbol_share=1.0)))]
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path, posts=posts) as watching:
        await watching.until_connected()
        tokens = [new_token() for _ in range(5)]
        watching.books.expect(tokens)
        for token in tokens:
            await blocking(dovecot.deliver, user, unwanted(token))
        await watching.until_taken(
            lambda books: len(books.of_type("action.applied")) >= len(tokens), "5 action.applied"
        )

    found = held(dovecot, user)
    assert (len(found[QUARANTINE]), len(found["INBOX"])) == (2, 3)
    assert dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX").count("$Unwanted") == 3
    assert len(watching.books.of_type("guard.tripped")) == 1


def marks(server: Dovecot, user: str) -> dict[int, set[str]]:
    r"""Return the flags in INBOX by UID, without \Recent: that is of who opens it (RFC 3501 2.3.2)."""
    text = server.doveadm("fetch", "-u", user, "uid flags", "mailbox", "INBOX")
    rows = re.findall(r"uid: (\d+)\nflags: ?(.*)", text)
    return {int(uid): set(flags.split()) - {"\\Recent"} for uid, flags in rows}


async def test_mail_that_a_guard_only_looks_at_is_as_it_was(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """G10: head, text and list of what it judges are read; no flag of other mail changes."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    flags = ("", "\\Flagged", "(\\Seen $Label)")
    for each in flags:
        letter = letter_from("ann@example.org", new_token())
        await blocking(dovecot.append, user, "INBOX", letter, flags=each)
    before = marks(dovecot, user)
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        good, bad = new_token(), new_token()
        watching.books.expect([good, bad])
        await blocking(dovecot.deliver, user, letter_from("ann@example.org", good))
        await blocking(dovecot.deliver, user, unwanted(bad))
        await watching.until_taken(
            lambda books: bool(books.of_type("action.applied")), "action.applied"
        )
        await watching.until_all_came()

    after = marks(dovecot, user)
    assert {uid: after[uid] for uid in before} == before
    assert after.keys() - before.keys() == {4}
    assert after[4] == set()
