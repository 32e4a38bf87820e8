"""Boolean expressions over names of symbols."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import UsageError
from vedette.guard.expression import (
    MAX_DEPTH,
    MAX_TOKENS,
    Every,
    Name,
    Node,
    Not,
    Some,
    printed,
    read_expression,
)

NAMES = ("A", "B", "C", "D_2")
names = st.sampled_from(NAMES)
worlds = st.frozensets(names)


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    rows = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(inner.map(Not), rows.map(Every), rows.map(Some))


nodes: st.SearchStrategy[Node] = st.recursive(names.map(Name), _grown, max_leaves=8)


@given(nodes)
def test_what_is_printed_is_read_as_it_was(node: Node) -> None:
    """Printing and reading are inverse."""
    assert read_expression(printed(node)).node == node


@given(st.text(alphabet="AB &|!()x1_-", max_size=40) | st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Reading raises nothing but UsageError, of one line."""
    told = ""
    try:
        read_expression(text)
    except UsageError as error:
        told = str(error)
    assert len(told.splitlines()) <= 1


@given(nodes, worlds, worlds)
def test_without_negation_more_evidence_never_makes_it_false(
    node: Node, some: frozenset[str], more: frozenset[str]
) -> None:
    """A monotone expression that holds goes on to hold."""
    expression = read_expression(printed(node))

    if expression.is_monotone and expression.holds(some):
        assert expression.holds(some | more)


@given(nodes, worlds, worlds, worlds)
def test_what_surely_holds_holds_whatever_turns_out(
    node: Node, known: frozenset[str], possible: frozenset[str], out: frozenset[str]
) -> None:
    """Between what is known and what is possible, nothing makes it false."""
    expression = read_expression(printed(node))

    if expression.surely(known, known | possible):
        assert expression.holds(known | (out & possible))


@given(nodes, worlds)
def test_with_nothing_open_it_surely_holds_when_it_holds(node: Node, world: frozenset[str]) -> None:
    """``surely`` with one world is ``holds``."""
    expression = read_expression(printed(node))

    assert expression.surely(world, world) == expression.holds(world)


@pytest.mark.parametrize(
    ("text", "holding", "expected"),
    [
        ("A | B & C", {"A"}, True),
        ("(A | B) & C", {"A"}, False),
        ("!A & B", {"B"}, True),
        ("!(A & B)", {"A", "B"}, False),
        ("!!A", {"A"}, True),
    ],
)
def test_negation_binds_before_and_and_and_before_or(
    text: str, holding: set[str], *, expected: bool
) -> None:
    """As in most languages."""
    assert read_expression(text).holds(holding) is expected


def test_the_names_are_those_that_are_asked_for() -> None:
    """Each once."""
    assert read_expression("A & (B | A)").names == {"A", "B"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a name, ! or ( at the end of ''"),
        ("A &", "expected a name, ! or ( at the end of 'A &'"),
        ("A B", "expected & or | and not 'B' at 3 of 'A B'"),
        ("(A", "expected ) at the end of '(A'"),
        ("A + B", "'+' at 3 of 'A + B' is no name or & | ! ( )"),
        ("A and B", "expected & or | and not 'and' at 3 of 'A and B'"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str) -> None:
    """What was expected, and where."""
    with pytest.raises(UsageError) as caught:
        read_expression(text)

    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["(" * 50 + "A" + ")" * 50, "!" * 50 + "A"])
def test_an_expression_has_a_depth(text: str) -> None:
    """Python's stack has an end, and a person's patience too."""
    with pytest.raises(UsageError, match=f"more than {MAX_DEPTH} levels"):
        read_expression(text)


def test_an_expression_has_a_length() -> None:
    """No work is done on what nobody wrote by hand."""
    with pytest.raises(UsageError, match=f"more than {MAX_TOKENS} names"):
        read_expression("A & " * MAX_TOKENS + "A")
