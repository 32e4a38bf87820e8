"""Templates are drawn, filled and cut into blocks as their grammar says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus import grammar
from tests.corpus.family import Block, Shape


def test_alternatives_may_be_nested() -> None:
    """Each way through the groups can be drawn, and there are as many as ``ways`` says."""
    template = "{a|b{c|d|}} {e|f}"
    drawn = {
        grammar.expand(template, lambda count, n=n: n % count)  # type: ignore[misc]
        for n in range(60)
    }

    assert grammar.ways(template) == 8
    assert drawn <= {f"{one} {two}" for one in ("a", "bc", "bd", "b") for two in "ef"}


@pytest.mark.parametrize("template", ["{a|b", "a}b", "{a|{b}", "{a}}"])
def test_braces_that_do_not_match_are_refused(template: str) -> None:
    """A brace without its partner is an error of the template, not text."""
    with pytest.raises(grammar.TemplateError):
        grammar.expand(template, lambda _: 0)


@given(st.lists(st.text("abc |<>*", min_size=1), min_size=1, max_size=5))
def test_text_without_braces_is_drawn_as_it_is(pieces: list[str]) -> None:
    """Outside of braces a bar is a bar."""
    text = " ".join(pieces)

    assert grammar.expand(text, lambda _: 0) == text
    assert grammar.ways(text) == 1


def test_a_body_is_cut_into_blocks() -> None:
    """Each mark at the start of a line makes its block, and other lines join to paragraphs."""
    body = "# Head\none\ntwo\n\n- item\n| a | b\n> said\n[[Go -> go]]\n![[Alt -> a.png]]"

    assert grammar.blocks(body) == (
        Block(shape=Shape.HEADING, text="Head"),
        Block(shape=Shape.PARAGRAPH, text="one two"),
        Block(shape=Shape.ITEM, text="item"),
        Block(shape=Shape.ROW, text="a | b"),
        Block(shape=Shape.QUOTE, text="said"),
        Block(shape=Shape.BUTTON, text="Go", target="go"),
        Block(shape=Shape.IMAGE, text="Alt", target="a.png"),
    )


def test_slots_are_filled_and_marks_taken_off() -> None:
    """A slot takes what is given for its name; asterisks are no text."""
    filled = grammar.fill("*<n> spins* for <name>", {"n": "5", "name": "Sam"}.__getitem__)

    assert grammar.plain(filled) == "5 spins for Sam"
