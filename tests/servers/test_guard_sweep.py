"""Guards look at mail that is there already: when they are posted, after a connect, on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from tests.support.guards import QUARANTINE, guarded, held, letter_from, pack, post, unwanted
from vedette.engine.guarding import Mode, Span
from vedette.model.action import Decision

pytestmark = pytest.mark.server


async def until_applied(watching: Watching, times: int) -> None:
    """Wait for so many actions."""
    await watching.until_taken(
        lambda books: len(books.of_type("action.applied")) >= times, f"{times} action.applied"
    )


async def decided(watching: Watching) -> list[Decision]:
    """Return all decisions, newest first."""
    return await watching.engine.store.decisions(None, None, since=0.0, limit=100)


async def test_mail_that_lies_there_is_swept_at_the_first_connect(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """In INBOX and in Junk; nothing of it is told as new mail, and trash is left alone."""
    old = {folder: new_token() for folder in ("INBOX", "Junk", "Trash")}
    for folder, token in old.items():
        await blocking(dovecot.append, user, folder, unwanted(token))
    good = new_token()
    await blocking(dovecot.append, user, "INBOX", letter_from("ann@example.org", good))
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file, folders=("*", "\\Trash"))
    async with guarded(box, state=tmp_path) as watching:
        await until_applied(watching, 2)

    found = held(dovecot, user)
    assert sorted(found[QUARANTINE]) == sorted([old["INBOX"], old["Junk"]])
    assert (found["INBOX"], found["Trash"]) == ([good], [old["Trash"]])
    assert watching.books.receipts == []


async def test_a_guard_that_is_posted_later_sweeps_too(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Mail came and was told before there was a guard; once it is posted, it acts on it."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path, posts=[]) as watching:
        await watching.until_connected()
        tokens = [new_token() for _ in range(20)]
        watching.books.expect(tokens)
        await blocking(dovecot.deliver_many, user, [unwanted(token) for token in tokens])
        await watching.until_all_came()
        watching.engine.guards.post([post()])
        assert watching.engine.supervisor is not None
        watching.engine.supervisor.attend()
        await until_applied(watching, len(tokens))

    assert sorted(held(dovecot, user)[QUARANTINE]) == sorted(tokens)
    assert watching.check().kept


async def test_what_was_decided_is_not_decided_again(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """A second run of the same guard judges nothing; another version of it judges all again."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    token = new_token()
    await blocking(dovecot.append, user, "INBOX", unwanted(token))
    counts = []
    for version in ("1", "1", "2"):
        posts = [post(pack(version=version), mode=Mode.SHADOW)]
        async with guarded(box, state=tmp_path, posts=posts) as watching:
            await watching.until_connected()
            # It is told after everything that the sweep at the connect decided.
            last = new_token()
            watching.books.expect([last])
            await blocking(dovecot.deliver, user, letter_from("ann@example.org", last))
            await watching.until_all_came()
            found = await decided(watching)
            counts.append(sum(each.verdict == "quarantine" for each in found))

    assert counts == [1, 1, 2]
    assert token in held(dovecot, user)["INBOX"]


def replace_folder(server: Dovecot, user: str, folder: str, letters: Sequence[bytes]) -> None:
    """Delete a folder and put another in its place, which holds old mail under UIDs of its own."""
    with server.client(user) as client:
        client.create("Restored")
        for letter in letters:
            client.append("Restored", "", '"14-Nov-2020 10:00:00 +0000"', letter)
    before = server.uid_validity(user, folder)
    with server.client(user) as client:
        client.delete(folder)
        client.rename("Restored", folder)
    assert server.uid_validity(user, folder) != before


async def test_each_guard_looks_back_as_far_as_it_says(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """At the last messages, at those of some days, and at none; beside each other."""
    old, new = ([new_token() for _ in range(3)] for _ in range(2))
    with dovecot.client(user) as client:
        for token in old:
            client.append("INBOX", "", '"14-Nov-2020 10:00:00 +0000"', unwanted(token))
    for token in new:
        await blocking(dovecot.append, user, "INBOX", unwanted(token))
    spans = {
        "all": Span(),
        "last": Span(messages=2),
        "young": Span(days=30),
        "last of young": Span(messages=5, days=30),
        "none": Span(messages=0),
    }
    posts = [
        replace(post(replace(pack(), name=name), mode=Mode.SHADOW), sweep=span)
        for name, span in spans.items()
    ]
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    async with guarded(box, state=tmp_path, posts=posts) as watching:
        await watching.until_taken(
            lambda books: len(books.of_type("guard.decided")) >= 6 + 2 + 3 + 3, "decisions"
        )
        found = [each for each in await decided(watching) if each.verdict == "quarantine"]

    looked = {name: {each.origin.uid for each in found if each.guard == name} for name in spans}
    assert looked == {
        "all": {1, 2, 3, 4, 5, 6},
        "last": {5, 6},
        "young": {4, 5, 6},
        "last of young": {4, 5, 6},
        "none": set(),
    }


async def test_a_folder_that_began_anew_is_swept(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """After another UIDVALIDITY nobody has judged what is there; old mail of it is told to nobody."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    first, bad, good = new_token(), new_token(), new_token()
    await blocking(dovecot.append, user, "Junk", letter_from("ann@example.org", first))
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        letters = [unwanted(bad), letter_from("ann@example.org", good)]
        await blocking(replace_folder, dovecot, user, "Junk", letters)
        await until_applied(watching, 1)

    assert held(dovecot, user) == {QUARANTINE: [bad], "Junk": [good]}
    assert watching.books.receipts == []


async def test_what_was_taken_back_is_left_alone_under_other_uids(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The UIDVALIDITY of INBOX changes after an undo: the sweep knows the message again (G11)."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    kept, bad = new_token(), new_token()
    async with guarded(box, state=tmp_path) as watching:
        await watching.until_connected()
        watching.books.expect([kept])
        await blocking(dovecot.deliver, user, unwanted(kept))
        await until_applied(watching, 1)
        watching.books.expect([kept], places=2)
        await blocking(dovecot.move, user, QUARANTINE, "INBOX")
        await watching.until_taken(
            lambda books: bool(books.of_type("action.undone")), "action.undone"
        )
        await blocking(dovecot.reset_uid_validity, user, "INBOX")
        watching.books.expect([bad])
        await blocking(dovecot.deliver, user, unwanted(bad))
        await until_applied(watching, 2)

    assert held(dovecot, user) == {QUARANTINE: [bad], "INBOX": [kept]}
