"""The face of the package: what it exports, and what it is made of."""

from __future__ import annotations

import ast
from pathlib import Path

import vedette.imap

PURE = {
    "abc",
    "binascii",
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "re",
    "typing",
}
OURS = ("vedette.imap", "vedette.errors", "vedette.secret")


def test_every_exported_name_exists_once() -> None:
    """``__all__`` is the whole face, without repeats."""
    names = vedette.imap.__all__

    assert len(names) == len(set(names))
    assert all(hasattr(vedette.imap, name) for name in names)


def test_core_is_fit_to_be_a_library_of_its_own() -> None:
    """It imports pure parts of the standard library, the error tree and Secret, nothing else."""
    foreign = set()
    for path in Path(vedette.imap.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            foreign |= {
                name
                for name in names
                if not name.startswith(OURS) and name.partition(".")[0] not in {*PURE, "__future__"}
            }

    assert foreign == set()
