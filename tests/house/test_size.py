"""A file and a function stay small enough to be read in one go.

Must not know: what the code does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import ROOT, modules, named, python_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
VAGUE_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_file_can_be_read_in_one_go() -> None:
    """No file has more than 400 lines."""
    lines = {named(path): path.read_text().count("\n") for path in python_files()}

    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}


def test_a_function_can_be_read_in_one_go() -> None:
    """No function has more than 50 lines."""
    assert [
        f"{named(path)}: {node.name}: {length}"
        for path, tree in modules()
        for node in functions(tree)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ] == []


def test_a_module_opens_by_saying_what_it_does_and_must_not_know() -> None:
    """Every module that holds code has a docstring."""
    assert [
        named(path) for path, tree in modules() if tree.body and not ast.get_docstring(tree)
    ] == []


def test_a_module_is_named_by_a_noun_of_the_domain() -> None:
    """No module or folder has a name that could hold anything."""
    assert [
        named(path)
        for path in python_files()
        if VAGUE_NAMES & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    ] == []
