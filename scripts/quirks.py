"""Write the table of quirks: what breaks, and the tests that show that it does not break us.

The entries stand in ``docs/reference/quirks.toml``. A test covers an entry when its name
begins with it (``test_c5_…``, ``test_i4_i2_…``), when its docstring begins with it (``P10: …``)
or holds it in parentheses (``(P4)``), or when it is a dialog whose first line names it
(``# I4: …``).

Run it as ``python -m scripts.quirks``. Must not know: what any of it means.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENTRIES = ROOT / "docs" / "reference" / "quirks.toml"
TABLE = ROOT / "docs" / "reference" / "quirks.md"
TESTS = ROOT / "tests"
#: A server of our own that misbehaves: its tests tell what it does, not that we bear it.
SIMULATED = Path("sim/imap")

#: Test files named for an entry in one line of the table; the rest are counted.
SHOWN = 4

_ENTRY = r"[ACGIMPSV]\d{1,2}"
_IN_NAME = re.compile(rf"test_((?:{_ENTRY}_)+)", re.IGNORECASE)
_IN_WORDS = re.compile(
    rf"(?:\(|\A)(?:catalogue )?({_ENTRY}(?:, {_ENTRY})*)(?:\)|: )", re.IGNORECASE
)
_IN_DIALOG = re.compile(rf"# ({_ENTRY}(?:, {_ENTRY})*): ")

_OPENING = """\
# Quirks: what breaks, and what shows that it does not break Vedette

Mail servers, and the lines between, fail in ways that no standard tells of. Each entry is one
of them. The last column names the tests that cover it: dialogs (`*.imap`) are conversations
that a person can read, the others are Python. This page is written by `python -m
scripts.quirks` from the tests and from `quirks.toml`; a test fails when it is stale.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A group of entries, each with what breaks."""

    letter: str
    title: str
    entries: dict[str, str]


class QuirkError(Exception):
    """The entries and the tests do not fit together."""


def chapters(document: dict[str, dict[str, str]]) -> list[Chapter]:
    """Return the chapters of ``quirks.toml``."""
    return [
        Chapter(
            letter=letter,
            title=entries["title"],
            entries={entry: what for entry, what in entries.items() if entry != "title"},
        )
        for letter, entries in document.items()
        if letter != "uncovered"
    ]


def covering(tests: Path) -> dict[str, list[str]]:
    """Return, for each entry, the tests and dialogs that cover it, in order."""
    found: dict[str, set[str]] = {}
    for path in sorted(tests.rglob("*")):
        covers: Iterable[str]
        if path.relative_to(tests).is_relative_to(SIMULATED):
            continue
        if path.suffix == ".imap":
            covers = _of_dialog(path.read_text())
        elif path.suffix == ".py" and path.name.startswith(("test_", "conformance")):
            covers = _of_module(path.read_text())
        else:
            continue
        for entry in covers:
            found.setdefault(entry, set()).add(path.relative_to(tests).as_posix())
    return {entry: sorted(paths) for entry, paths in found.items()}


def _of_dialog(text: str) -> list[str]:
    head = _IN_DIALOG.match(text)
    return [] if head is None else head[1].split(", ")


def _of_module(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.name.startswith("test_"):
                continue
            named = _IN_NAME.match(node.name)
            if named is not None:
                yield from named[1].upper().rstrip("_").split("_")
            for words in _IN_WORDS.findall(ast.get_docstring(node) or ""):
                yield from words.upper().split(", ")


def table(document: dict[str, dict[str, str]], covered: dict[str, list[str]]) -> str:
    """Return the page. Raises QuirkError where an entry has neither a test nor a reason."""
    uncovered = document.get("uncovered", {})
    parts = [_OPENING]
    total = shown = 0
    for chapter in chapters(document):
        lines = [
            f"## {chapter.letter}: {chapter.title}",
            "",
            *_row("entry", "what breaks", "shown by"),
        ]
        for entry, what in chapter.entries.items():
            total += 1
            shown += entry in covered
            lines += [f"| {entry} | {what} | {_cell(entry, covered, uncovered)} |"]
        parts.append("\n".join(lines) + "\n")
    parts.insert(1, f"{shown} of {total} entries are covered.\n")
    return "\n".join(parts)


def _row(*cells: str) -> list[str]:
    return [f"| {' | '.join(cells)} |", f"|{'---|' * len(cells)}"]


def _cell(entry: str, covered: dict[str, list[str]], uncovered: dict[str, str]) -> str:
    if entry in covered and entry in uncovered:
        raise QuirkError(f"{entry} is covered by {covered[entry][0]}: take it out of [uncovered]")
    if entry in uncovered:
        return f"*not yet:* {uncovered[entry]}"
    if entry not in covered:
        raise QuirkError(f"no test covers {entry}, and [uncovered] of {ENTRIES.name} says no why")
    paths = covered[entry]
    # Dialogs first: they are what a person wants to read.
    ranked = sorted(paths, key=lambda path: (not path.endswith(".imap"), path))
    names = [f"[{_label(path)}](../../tests/{path})" for path in ranked[:SHOWN]]
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(names) + more


def _label(path: str) -> str:
    """Return a dialog's name as words, and the path of other tests."""
    if path.endswith(".imap"):
        return Path(path).stem.split("-", 1)[1].replace("-", " ")
    return f"`{path}`"


def page() -> str:
    """Return the page as the tree is now."""
    return table(tomllib.loads(ENTRIES.read_text()), covering(TESTS))


if __name__ == "__main__":
    TABLE.write_text(page())
