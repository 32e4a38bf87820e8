"""Every regular expression means the same to each Python that the project runs on.

CPython before 3.11.5 matches a possessive or atomic group wrongly where something inside it can
backtrack: it misses matches and returns spans beyond the match (CPython issues 101955 and 106052).
Debian 12 ships 3.11.2. On a single character or class the quantifier is right everywhere.

Must not know: what any pattern is for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.tree import modules, named

# Of what is left without escapes and classes: a group's end, then a possessive quantifier.
_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>")
_CLASS_OR_ESCAPE = re.compile(r"(?s)\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]")


def possessive_groups(pattern: str) -> list[str]:
    """Return the possessive quantifiers of groups, and the openings of atomic groups."""
    return _GROUP.findall(_CLASS_OR_ESCAPE.sub("_", pattern))


def constants(tree: ast.AST) -> Iterator[str]:
    """Yield every text and every bytes of a module; some of them are patterns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            value = node.value
            yield value if isinstance(value, str) else value.decode("latin-1")


def test_no_group_is_possessive() -> None:
    """No text in the project has a possessive or atomic group."""
    assert [
        (named(path), text)
        for path, tree in modules()
        for text in constants(tree)
        if possessive_groups(text)
    ] == []


@pytest.mark.parametrize("quantifier", ["*+", "++", "?+", "{1,3}+"])
def test_a_possessive_group_is_seen(quantifier: str) -> None:
    """The rule sees the quantifier behind a group, and not behind a class or a character."""
    assert possessive_groups("(?:a|b[)])" + quantifier)
    assert not possessive_groups(r"([)])(a\)" + quantifier + "[(b)]" + quantifier + ")")


def test_an_atomic_group_is_seen() -> None:
    """The rule sees an atomic group too."""
    assert possessive_groups("a(" + "?>b|c)")
