"""A file and a function stay small enough to be read in one go.

Must not know: what the code does.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import ROOT, named, python_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
VAGUE_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}


@pytest.mark.parametrize("path", python_files(), ids=named)
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    """No file has more than 400 lines, and no function more than 50."""
    content = path.read_text()
    tree = ast.parse(content)

    long_functions = [
        f"{node.name}: {length}"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]

    assert content.count("\n") <= LONGEST_FILE
    assert long_functions == []


@pytest.mark.parametrize("path", python_files(), ids=named)
def test_a_module_opens_by_saying_what_it_does(path: Path) -> None:
    """Every module that holds code has a docstring."""
    tree = ast.parse(path.read_text())

    assert not tree.body or ast.get_docstring(tree), "say what the module does and must not know"


@pytest.mark.parametrize("path", python_files(), ids=named)
def test_a_module_is_named_by_a_noun_of_the_domain(path: Path) -> None:
    """No module or folder has a name that could hold anything."""
    words = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}

    assert words.isdisjoint(VAGUE_NAMES)
