"""Folders over the API on real servers: what they are for, what is in them, which are watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Face
from tests.support.courier import Courier
from tests.support.dovecot import Dovecot
from tests.support.postbox import Box, boxed, letter, living


@pytest.fixture
async def face(tmp_path: Path) -> AsyncIterator[Face]:
    async with living(tmp_path) as made:
        yield made


async def listed(box: Box) -> dict[str, dict[str, Any]]:
    answer = await box.ask("GET", "folders")
    assert answer.status == 200, answer.body
    assert answer.json["next"] is None
    return {each["path"]: each for each in answer.json["items"]}


async def test_folders_have_their_use_their_numbers_and_whether_they_are_watched(
    face: Face, dovecot: Dovecot, user: str
) -> None:
    """Names are as people read them; what the account's selectors choose is watched."""
    box = await boxed(face, dovecot, user)
    await box.holds(letter("One"), letter("Two"))
    await box.holds(letter("Read"), flags="\\Seen")
    await box.holds(letter("In there"), folder="F&AOQ-lle/A")

    found = await listed(box)

    inbox, inner = found["INBOX"], found["Fälle/A"]
    assert (inbox["messages"], inbox["unseen"], inbox["uidNext"]) == (3, 2, 4)
    assert (inbox["specialUse"], inbox["watched"]) == ("\\Inbox", True)
    assert (inner["messages"], inner["watched"], inner["delimiter"]) == (1, False, "/")
    assert inner["uidValidity"] == await asyncio.to_thread(dovecot.uid_validity, user, "Fälle/A")


async def test_a_server_without_extensions_is_asked_folder_by_folder(
    face: Face, courier: Courier, user: str
) -> None:
    """Courier has no LIST-STATUS: the numbers are there all the same."""
    box = await boxed(face, courier, user)
    await box.holds(letter("One"))

    found = await listed(box)

    assert (found["INBOX"]["messages"], found["INBOX"]["selectable"]) == (1, True)


async def test_a_folder_that_only_holds_folders_can_not_be_listed(
    face: Face, dovecot: Dovecot, user: str
) -> None:
    """A 409; one that is not there is a 404, and so is what only looks like a pattern."""
    box = await boxed(face, dovecot, user)
    await box.holds(letter("One"), folder="Top/Inner")

    assert (await box.ask("GET", "folders/Nowhere/messages")).status == 404
    assert (await box.ask("GET", "folders/*/messages")).status == 404
    assert (await box.ask("GET", "folders/Top%/messages")).status == 404
    assert await box.subjects(folder="Top/Inner") == ["One"]
    assert await box.subjects(folder="inbox") == []
