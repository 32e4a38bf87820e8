"""Names of tables stand in statements, and can be nothing else there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import SinkError
from vedette.sinks.tablename import quoted


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("vedette_event", '"vedette_event"'),
        ("mail.Event_2", '"mail"."Event_2"'),
        ("_x", '"_x"'),
        ("x" * 63, f'"{"x" * 63}"'),
    ],
)
def test_a_table_is_quoted_with_its_schema(text: str, sql: str) -> None:
    """Its letters stay as they are, as they are in the database."""
    assert quoted(text) == sql


@given(st.text())
def test_no_text_ends_a_quotation(text: str) -> None:
    """It is refused, or it is nothing but names in quotation marks."""
    try:
        sql = quoted(text)
    except SinkError:
        return
    assert sql.replace('"', "") == text
    assert all(part[0] == part[-1] == '"' and part.count('"') == 2 for part in sql.split("."))
