"""Every decision is written down in the same form, and every dependency has its reasons.

Must not know: what was decided.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT, named

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
PARTS = ["Status", "Context", "Decision", "Consequences"]


@pytest.mark.parametrize("path", RECORDS, ids=named)
def test_a_record_has_its_parts(path: Path) -> None:
    """A record has a numbered title, then status, context, decision and consequences."""
    lines = path.read_text().splitlines()

    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]

    assert re.match(rf"# {path.name[:4]}: \S", lines[0])
    assert [heading for heading in headings if heading in PARTS] == PARTS


def test_records_are_numbered_without_gaps() -> None:
    """The first is 0001, and each further one follows the one before."""
    numbers = [int(path.name[:4]) for path in RECORDS]

    assert numbers == list(range(1, len(RECORDS) + 1))


def test_the_index_lists_every_record() -> None:
    """The index links each record by its file."""
    linked = re.findall(r"\]\((\d{4}-[^)]+\.md)\)", (FOLDER / "README.md").read_text())

    assert linked == [path.name for path in RECORDS]


def test_every_dependency_has_its_reasons() -> None:
    """Each distribution in pyproject.toml stands in the record of dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *(name for group in project["project"]["optional-dependencies"].values() for name in group),
        *(name for group in project["dependency-groups"].values() for name in group),
        *project["build-system"]["requires"],
    ]
    (record,) = FOLDER.glob("*-dependencies.md")

    told = set(re.findall(r"(?m)^\| `([^`]+)`", record.read_text()))

    names = {re.split(r"[<>=\[;~! ]", requirement)[0] for requirement in wanted} - {"vedette"}
    assert sorted(told) == sorted(names)
