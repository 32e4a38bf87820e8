"""The text of a pack, read to nodes that know where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import ConfigError
from vedette.guard.source import (
    MAX_DEPTH,
    MAX_MISTAKES,
    MAX_SIZE,
    Mapping,
    Mistakes,
    Node,
    Place,
    Scalar,
    Sequence,
    compose,
)


def _node(text: str) -> Node:
    mistakes = Mistakes("p.yaml")
    node = compose(text, mistakes)
    assert list(mistakes) == []
    assert node is not None
    return node


def _mistake(text: str) -> str:
    mistakes = Mistakes("p.yaml")
    compose(text, mistakes)
    with pytest.raises(ConfigError) as caught:
        mistakes.raise_any()
    return str(caught.value)


def test_a_value_knows_its_line_and_column() -> None:
    """Both counted from one."""
    node = _node("a:\n  - 1\n  - b: x\n")

    assert isinstance(node, Mapping)
    (_, items), *_ = node.pairs
    assert isinstance(items, Sequence)
    assert items.items[0] == Scalar(Place(2, 5), "int", "1")
    assert items.items[1].place == Place(3, 5)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", "str"),
        ("30d", "str"),
        ("20%", "str"),
        ("60/h", "str"),
        ("7", "int"),
        ("2.5", "float"),
        ("no", "bool"),
        ("~", "null"),
        ("2026-08-17", "timestamp"),
        ('"no"', "str"),
        ("'7'", "str"),
    ],
)
def test_a_value_has_the_type_that_yaml_gives_it(text: str, kind: str) -> None:
    """YAML 1.1: a bare ``no`` is no text, and a quoted one is."""
    node = _node(text)

    assert isinstance(node, Scalar)
    assert node.kind == kind


def test_an_alias_stands_for_its_anchor() -> None:
    """The value is shared and not copied."""
    node = _node("a: &x [1, 2]\nb: *x\n")

    assert isinstance(node, Mapping)
    assert node.pairs[0][1] is node.pairs[1][1]


def test_a_key_may_be_there_once() -> None:
    """Which of two was meant nobody knows."""
    assert _mistake("a: 1\nb: 2\na: 3\n") == "p.yaml:3:1: 'a' is there twice, first on line 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.yaml:1:1: is empty; see the reference of guard packs"),
        ("# nothing\n", "p.yaml:1:1: is empty; see the reference of guard packs"),
        ("a: 1\n---\nb: 2\n", "p.yaml:2:1: a second document begins; a pack is one"),
        ("a: *b\n", "p.yaml:1:4: *b is an alias of nothing above it"),
        ("a: &b [*b]\n", "p.yaml:1:8: *b is an alias of nothing above it"),
        ("a: !!python/name:os.system x", "p.yaml:1:4: tags such as"),
        ("? [a]\n: 1\n", "p.yaml:1:3: a key must be text"),
        ("x: &x {a: 1}\ny: {<<: *x}\n", "p.yaml:2:5: tables are not merged (<<)"),
        ("a: [1\nb: 2\n", "p.yaml:2:2: is no YAML: "),
        ("a: 'x\n", "is no YAML: "),
        ("a:\n\t- 1\n", "p.yaml:2:1: is no YAML: "),
        ("a: \x01", "holds a control character"),
        ("a: \ud800", "p.yaml:1:1: is not UTF-8"),
    ],
)
def test_what_is_no_single_document_is_refused_with_its_place(text: str, message: str) -> None:
    """One line each."""
    told = _mistake(text)

    assert message in told
    assert "\n" not in told


def test_aliases_of_aliases_cost_no_more_than_they_say() -> None:
    """The billion laughs: each line is ten of the line before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 12)
    ]

    assert "values, aliases written out" in _mistake("\n".join(lines))


def test_a_text_is_not_nested_without_end() -> None:
    """Neither our stack nor Python's grows with the text."""
    assert f"is nested deeper than {MAX_DEPTH}" in _mistake("[" * 100_000)


def test_a_pack_has_a_size() -> None:
    """Lists of that length belong into files of their own."""
    assert "is larger than" in _mistake("#" * (MAX_SIZE + 1))


def test_mistakes_are_told_in_the_order_of_the_file_and_not_without_end() -> None:
    """After so many a person mends some and looks again."""
    mistakes = Mistakes("p.yaml")
    for line in range(MAX_MISTAKES + 5, 0, -1):
        mistakes.at(Place(line, 1), "x")

    with pytest.raises(ConfigError) as caught:
        mistakes.raise_any()

    lines = str(caught.value).splitlines()
    assert lines[0] == "p.yaml:1:1: x"
    assert lines[-1] == "p.yaml: 5 more; mend these and look again"
    assert len(lines) == MAX_MISTAKES + 1


@given(st.text(max_size=60) | st.text(alphabet="a:- \n[]{}&*!|>'\"#%@`?,\t0", max_size=60))
def test_any_text_is_composed_or_refused(text: str) -> None:
    """Nothing is raised, and a refusal is noted."""
    mistakes = Mistakes("p.yaml")

    assert compose(text, mistakes) is not None or len(mistakes)
