"""The reference says what the code does: it is written by the code, and it is complete.

Must not know: any key, command, event or status.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import reference
from scripts.reference_events import examples
from scripts.reference_settings import sections
from tests.house.tree import ROOT, documents, named
from vedette.cli.main import COMMANDS
from vedette.model.event import EventType

HINT = "run: python -m scripts.reference"


@pytest.mark.parametrize("name", reference.DOCUMENTS)
def test_the_code_would_write_the_same_reference(name: str) -> None:
    """What is generated is as the code is now."""
    text = (ROOT / name).read_text()

    assert text == reference.document(text), HINT


@pytest.mark.parametrize("name", reference.DOCUMENTS)
def test_every_generated_row_has_its_meaning(name: str) -> None:
    """Nobody added a key, a field or a log line without saying what it means."""
    rows = [
        line
        for line in (ROOT / name).read_text().splitlines()
        if line.startswith("| `") and re.search(r"\|\s*\|\s*$", line)
    ]

    assert rows == []


def test_every_settings_table_is_in_the_reference() -> None:
    """Each table that the configuration's readers ask for has its block."""
    text = (ROOT / "docs/reference/configuration.md").read_text()

    missing = [
        place
        for place, rows in sections().items()
        if rows and f"<!-- generated: settings {place} -->" not in text
    ]

    assert missing == []


def test_every_event_type_has_a_heading_and_an_example() -> None:
    """The reference shows each type of the contract."""
    text = (ROOT / "docs/reference/events.md").read_text()

    for kind in EventType:
        assert f"## `{kind}`" in text
        assert examples()[kind]["type"] == kind


def test_every_command_is_in_the_reference() -> None:
    """The help of each command is shown."""
    text = (ROOT / "docs/reference/commands.md").read_text()

    assert [name for name in COMMANDS if f"<!-- generated: help {name} -->" not in text] == []


def test_a_meaning_stays_with_its_row() -> None:
    """A table that is written anew keeps what a person wrote, and leaves a new row without."""
    old = "| key | type | meaning |\n|---|---|---|\n| `a` | text | It is \\| this. |\n"

    written = reference.table(("key", "type", "meaning"), [("`b`", "text"), ("`a`", "number")], old)

    assert written.splitlines()[2:] == ["| `b` | text |  |", "| `a` | number | It is \\| this. |"]


def test_a_log_line_is_found_by_its_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call on a log is listed with its level; other calls are not."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "part.py").write_text(
        "_log.info('a.b', x=1)\nself._log.error(\n    'c.d'\n)\nmath.log('no')\nprint('e.f')\n"
    )
    monkeypatch.setattr(reference, "SOURCE", tmp_path)

    assert reference.logs() == [("`a.b`", "info", "room"), ("`c.d`", "error", "room")]


def test_every_file_on_the_map_exists() -> None:
    """ARCHITECTURE.md names no file that was moved, renamed or removed."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = [Path()]
    lost = []

    for found in re.finditer(
        r"\*\*`(?P<room>[a-z/]+)/`\*\*|`(?P<inner>[a-z_]+)/`|`(?P<file>[a-z_/]+\.py)`", text
    ):
        if found["room"]:
            rooms = [Path(), Path(found["room"])]
        elif found["inner"]:
            rooms.append(rooms[1] / found["inner"])
        elif not any((reference.SOURCE / at / found["file"]).is_file() for at in rooms):
            lost.append(found["file"])

    assert lost == []


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_link_leads_to_a_file(path: Path) -> None:
    """A document links no other that is not there."""
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text())

    assert [each for each in targets if not (path.parent / each).exists()] == []
