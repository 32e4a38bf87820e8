"""Statements with named values: names are found, and nothing else is touched."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.errors import UsageError
from vedette.sources.statement import Marks, read_statement

KNOWN = frozenset({"id", "error", "error_at"})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("UPDATE t SET e = :error WHERE id = :id", ("error", "id")),
        ("UPDATE t SET e = :error, f = :error WHERE id = :id", ("error", "error", "id")),
        ("UPDATE t SET e = :error::text WHERE id = (:id)::uuid", ("error", "id")),
        ("UPDATE t SET e = ':error' || \":id\" || `:id` WHERE id = :id", ("id",)),
        ("UPDATE t SET e = 'it''s :error' -- :error\nWHERE id = :id", ("id",)),
        (
            "UPDATE t /* :error */ SET a[1:2] = $$ :error $$, b = $x$ :id $x$ WHERE id = :id",
            ("id",),
        ),
    ],
)
def test_names_are_found_where_a_database_would_read_them(
    text: str, names: tuple[str, ...]
) -> None:
    """Not in texts, identifiers, comments or casts."""
    assert read_statement(text, known=KNOWN).names == names


@settings(max_examples=300)
@given(st.text(alphabet=":id$'\"`-/* \n%eror_at1", max_size=60))
def test_the_text_around_names_is_as_it_was_written(text: str) -> None:
    """Whatever is written, it comes out as it went in; and every name is known."""
    try:
        statement = read_statement(text, known=KNOWN)
    except UsageError:
        return

    assert statement.text == text
    assert set(statement.names) <= KNOWN
    assert statement.marked(Marks.QUESTION)[0] == "?".join(statement.pieces)


def test_each_library_has_its_own_marks() -> None:
    """Numbers for one that reuses values, percent signs doubled for one that formats."""
    statement = read_statement("SET a = :error, b = 'a%', c = :error WHERE id = :id", known=KNOWN)

    assert statement.marked(Marks.NUMBERED) == (
        "SET a = $1, b = 'a%', c = $1 WHERE id = $2",
        ("error", "id"),
    )
    assert statement.marked(Marks.FORMAT) == (
        "SET a = %s, b = 'a%%', c = %s WHERE id = %s",
        ("error", "error", "id"),
    )


def test_a_database_takes_what_was_marked() -> None:
    """SQLite runs it, with a name inside a text left alone."""
    text, names = read_statement("SELECT ':id', :error, :id", known=KNOWN).marked(Marks.QUESTION)
    values = {"id": 7, "error": "words"}

    connection = sqlite3.connect(":memory:")
    found = connection.execute(text, [values[name] for name in names]).fetchone()
    connection.close()

    assert found == (":id", "words", 7)


def test_a_name_that_is_not_known_is_told_with_those_that_are() -> None:
    """A misspelt name is found when the configuration is read."""
    with pytest.raises(
        UsageError, match=r":eror is not known here; there are :error, :error_at, :id"
    ):
        read_statement("SET e = :eror WHERE id = :id", known=KNOWN)
