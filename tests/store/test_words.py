"""Text of others can always be stored, and stays readable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.store.words import printable


@given(text=st.text(st.characters()))
def test_what_is_printable_is_utf8(text: str) -> None:
    """Whatever comes in, and a second time changes nothing."""
    assert printable(text).encode("utf-8").decode("utf-8") == printable(printable(text))


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_text_without_a_surrogate_is_left_alone(text: str) -> None:
    """Only what a store can not hold is spelled out."""
    assert printable(text) == text


def test_a_lone_surrogate_is_spelled() -> None:
    """A person sees which byte it was."""
    assert printable("caf\udce9") == "caf\\udce9"


def test_a_nul_is_spelled() -> None:
    """SQLite would hold it, Postgres would not: every store tells the same."""
    assert printable("a\0b") == "a\\x00b"
