"""The first hour of a newcomer works as the guide tells it, on a real Dovecot and the real service."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.house.tree import ROOT, snippets
from tests.newcomer.hands import SCRIPT, Seat
from tests.support.authority import Authority
from tests.support.debian import UnavailableError

pytestmark = pytest.mark.server

GUIDE = ROOT / "docs" / "guides" / "getting-started.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the newcomer sits in."""
    return tmp_path_factory.mktemp("newcomer")


@pytest.fixture(scope="module")
def told(folder: Path, authority: Authority) -> list[str]:
    """Run the script once; return what it printed."""
    try:
        seat = Seat(folder, authority)
    except UnavailableError as reason:
        absent(reason)
    with seat:
        return list(seat.lines())


def blocks(language: str) -> list[list[str]]:
    """Return the lines of each block of the guide in a language, without what is left out."""
    found = [each for each in snippets(language) if each.document == GUIDE]
    return [each.text.strip().splitlines() for each in found]


def test_every_mail_is_told_once_whatever_broke_meanwhile(told: list[str], folder: Path) -> None:
    """Those that came while the password was wrong are told too, and each has one id."""
    with closing(sqlite3.connect(folder / "events.db")) as events:
        bodies = [json.loads(body) for (body,) in events.execute("SELECT body FROM event")]
    mails = [each["data"]["subject"] for each in bodies if each["type"] == "message.received"]
    asked = [line.rpartition(": ")[2] for line in told if line.startswith("» send a mail")]

    assert Counter(mails) == Counter(asked)
    assert len(asked) == 5


def test_the_output_that_the_guide_shows_is_the_output(told: list[str]) -> None:
    """Every line that is shown is printed, in this order; … stands for what differs."""
    left = iter(told)
    for line in (line for block in blocks("text") for line in block):
        wanted = re.compile(".*".join(re.escape(piece) for piece in line.split("…")))
        assert any(wanted.fullmatch(each) for each in left), (line, told)


def test_the_commands_that_the_guide_shows_are_those_of_the_script() -> None:
    """What a newcomer types is what ran: every line is one of the script, in this order."""
    left = iter(line.strip() for line in SCRIPT.read_text().splitlines())
    for line in (line.strip() for block in blocks("sh") for line in block if line):
        assert line in left, line
