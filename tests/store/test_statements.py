"""Every named block of SQL is used, prepares, and never walks a table that grows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import vedette.store.sqlite
from vedette.store import statements
from vedette.store.sqlite.schema import migrate
from vedette.store.sqlite.statements import STATEMENTS
from vedette.store.statements import blocks, load

#: Tables with one row for each account, endpoint, guard or tenant: a walk over them is the answer.
SMALL = (
    "data_key",
    "health",
    "endpoint",
    "pattern",
    "ground",
    "guard_switch",
    "protection",
    "sqlite_sequence",
)

#: What is walked as it was found: by a subquery's own search, or in a parameter that is JSON.
FOUND = ("SCAN CONSTANT ROW", "SCAN (subquery-", "SCAN json_each ", "SCAN wanted ", "SCAN asked ")
#: And in the one body that is looked into.
WITHIN = ("SCAN member VIRTUAL TABLE", "SCAN held VIRTUAL TABLE")

#: What is asked for all that stands, once at a start: the rows that are walked are the answer.
WHOLE = ("allows_all", "consents_standing")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_prepares_and_finds_its_rows_by_an_index(
    connection: sqlite3.Connection, name: str
) -> None:
    """The query plan searches; it scans no table that grows, and sorts nothing for the courier."""
    text = STATEMENTS[name]
    names = dict.fromkeys(re.findall(r":([a-z_]+)", re.sub(r"--.*", "", text)))
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", names)]

    walks = [line for line in plan if line.startswith("SCAN")]
    scans = [line for line in walks if not line.startswith(FOUND + WITHIN)]
    # What is copied is read from end to end.
    if name not in WHOLE and not name.startswith("copy_"):
        assert [line for line in scans if line.split()[1] not in SMALL] == []
    if name.startswith(("deliveries", "delivery", "events")):
        assert [line for line in plan if "TEMP B-TREE" in line] == []


def test_every_statement_is_used() -> None:
    """A block that no module names is dead."""
    folder = Path(vedette.store.sqlite.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py"))

    assert [name for name in STATEMENTS if f'sql("{name}")' not in code] == []


def test_columns_are_always_listed() -> None:
    """A new column can not slip into an old reader."""
    assert [name for name, text in STATEMENTS.items() if re.search(r"SELECT \*", text)] == []


def test_blocks_are_cut_at_their_names() -> None:
    """The preface is left out, comments within a block stay."""
    text = "-- A preface.\n\n-- name: one\n-- Why.\nSELECT 1;\n\n-- name: two\nSELECT 2;\n"

    assert blocks(text) == {"one": "-- Why.\nSELECT 1;", "two": "SELECT 2;"}
    assert blocks("-- name: first\nSELECT 1;") == {"first": "SELECT 1;"}


def test_a_part_stands_where_a_block_uses_it() -> None:
    """It is no block by itself, and one part may use another."""
    text = (
        "-- part: row\nSELECT a\n\n-- part: rows\n-- use: row\nFROM t\n\n"
        "-- name: one\n-- use: rows\nWHERE a = 1;\n\n-- name: two\n-- use: rows\nLIMIT 1;\n"
    )

    assert blocks(text) == {
        "one": "SELECT a\nFROM t\nWHERE a = 1;",
        "two": "SELECT a\nFROM t\nLIMIT 1;",
    }


def test_a_part_that_is_not_above_its_block_is_refused() -> None:
    """As is one of another file: who reads a block finds all of it in its file."""
    with pytest.raises(ValueError, match="no part of SQL is called 'rows'"):
        blocks("-- name: one\n-- use: rows\n\n-- part: rows\nSELECT 1;\n")


def test_every_part_is_used() -> None:
    """A part that no block uses is dead."""
    for file in Path(vedette.store.sqlite.__file__).parent.joinpath("sql").glob("*.sql"):
        text = file.read_text()
        parts = set(re.findall(r"^-- part: (\w+)$", text, re.MULTILINE))
        assert parts <= set(re.findall(r"^-- use: (\w+)$", text, re.MULTILINE)), file.name


@pytest.mark.parametrize(
    "text",
    ["-- name: a\nx\n-- name: a\ny\n", "-- name:\nx\n", "-- part: a\nx\n-- name: a\ny\n"],
)
def test_a_name_that_is_empty_or_comes_twice_is_refused(text: str) -> None:
    """One name, one block."""
    with pytest.raises(ValueError, match="empty or comes twice"):
        blocks(text)


def test_a_name_in_two_files_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Names are the store's own, across its files."""
    (tmp_path / "a.sql").write_text("-- name: one\nSELECT 1;\n")
    (tmp_path / "b.sql").write_text("-- name: one\nSELECT 2;\n")
    (tmp_path / "notes.txt").write_text("no SQL")
    monkeypatch.setattr(statements, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"comes twice, again in b\.sql"):
        load("vedette.store.sqlite.sql")
