"""What is in the tree: the files a house rule is held against.

Must not know: any rule.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "bench", "scripts", "examples")

_FENCE = re.compile(
    r"^(?P<pad> *)(?P<mark>`{3,})(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=pad)(?P=mark)[ ]*$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A fenced block of a document: its language, the words after it, its text, and its line."""

    document: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        """The name a failing test shows."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def python_files() -> list[Path]:
    """Return every Python file of the project."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Yield every Python file of the project as it is parsed."""
    for path in python_files():
        yield path, ast.parse(path.read_text())


def documents() -> list[Path]:
    """Return every document a person reads."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def text_files() -> list[Path]:
    """Return every file written by hand."""
    others = [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "run"]
    sql = sorted((ROOT / "src").rglob("*.sql"))
    return [*python_files(), *documents(), *sql, *others]


def named(path: Path) -> str:
    """Return the path as a person writes it."""
    return str(path.relative_to(ROOT))


def snippets(*languages: str) -> list[Snippet]:
    """Return the fenced blocks of these languages in all documents."""
    return [
        snippet
        for document in documents()
        for snippet in _fenced(document)
        if snippet.language in languages
    ]


def _fenced(document: Path) -> Iterator[Snippet]:
    content = document.read_text()
    for found in _FENCE.finditer(content):
        language, *words = found["info"].split() or [""]
        yield Snippet(
            document=document,
            line=content.count("\n", 0, found.start()) + 1,
            language=language,
            words=tuple(words),
            # One in a list is set in.
            text=dedent(found["text"]) if found["pad"] else found["text"],
        )
