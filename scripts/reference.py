"""Write what the reference can take from the code: keys, commands, events, statuses, waits, logs.

A document in ``docs/`` holds blocks between ``<!-- generated: NAME -->`` and
``<!-- end of generated -->``. This script fills them anew, from the code as it
is. In a table the last column, the meaning, is written by hand and kept; a row
that is new has none, which the tests refuse.

Run it as ``python -m scripts.reference``. Must not know: what any of it means.
"""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console

from scripts import reference_metrics
from scripts.reference_events import examples, fields, other_fields
from scripts.reference_settings import sections
from vedette import errors
from vedette.cli.main import build
from vedette.mime.defects import Defect
from vedette.outbox.schedule import STANDARD
from vedette.ports import reader

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "vedette"
DOCUMENTS = (
    "docs/operations.md",
    "docs/reference/commands.md",
    "docs/reference/configuration.md",
    "docs/reference/events.md",
    "docs/reference/exit-statuses.md",
    "docs/reference/metrics.md",
    "docs/reference/webhooks.md",
)

_BLOCK = re.compile(
    r"(?P<head><!-- generated: (?P<name>[^\n]+) -->\n)(?P<old>.*?)(?P<tail><!-- end of generated -->)",
    re.DOTALL,
)
#: Help is printed this wide, so that a block fits a page.
WIDTH = 96
#: The modules whose errors have codes that a user may meet.
TREES = {errors.__name__, reader.__name__}
LEVELS = ("debug", "info", "warning", "error")

Rows = Sequence[Sequence[str]]


def document(text: str) -> str:
    """Return a document with all its blocks filled anew."""

    def fill(found: re.Match[str]) -> str:
        return f"{found['head']}\n{block(found['name'], found['old'])}\n{found['tail']}"

    return _BLOCK.sub(fill, text)


def block(name: str, old: str) -> str:
    """Return the text of one block; ``old`` is what stands there now. KeyError for no such name."""
    kind, _, rest = name.partition(" ")
    makers: dict[str, Callable[[], str]] = {
        "settings": lambda: table(
            ("key", "type", "default", "bounds", "meaning"), sections()[rest], old
        ),
        "help": lambda: fenced("text", command_help(rest)),
        "example": lambda: fenced(
            "json", json.dumps(examples()[rest], indent=2, ensure_ascii=False)
        ),
        "fields": lambda: table(("field", "type", "meaning"), fields(rest), old),
        "other": lambda: table(("field", "in", "type", "meaning"), other_fields(), old),
        "defects": lambda: table(("code", "meaning"), defects(), old),
        "errors": lambda: table(("code", "error", "exit", "retried", "meaning"), error_rows(), old),
        "schedule": lambda: table(("attempt", "wait", "after the first"), schedule(), None),
        "metrics": lambda: table(
            ("name", "type", "labels", "meaning"), reference_metrics.rows(), None
        ),
        "logs": lambda: table(("event", "level", "from", "meaning"), logs(), old),
    }
    return makers[kind]()


def table(head: Sequence[str], rows: Rows, old: str | None) -> str:
    """Return a table. With ``old``, the meaning of a row that was there is kept."""
    kept = {} if old is None else meanings(old)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        cells = list(row)
        if old is not None and len(cells) < len(head):
            cells.append(kept.get(cells[0], ""))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def meanings(text: str) -> dict[str, str]:
    """Return the last cell of each row of a table by its first."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) > 1 and not cells[0].startswith("---"):
            found[cells[0]] = cells[-1].replace("\\|", "|")
    return found


def fenced(language: str, text: str) -> str:
    """Return a fenced block."""
    return f"```{language}\n{text}\n```\n"


def command_help(name: str) -> str:
    """Return what ``vedette NAME --help`` prints; of the program itself for an empty name."""
    out = io.StringIO()
    console = Console(file=out, width=WIDTH, color_system=None, force_terminal=False)
    build(whole=True).help_print(name.split(), console=console)
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def error_rows() -> Rows:
    """Return each error: its code, its name, the exit status, whether it is tried again."""
    found: list[tuple[str, ...]] = []
    waiting: list[type[errors.VedetteError]] = [errors.VedetteError]
    while waiting:
        kind = waiting.pop(0)
        waiting[:0] = [each for each in kind.__subclasses__() if each.__module__ in TREES]
        words = (kind.__doc__ or "").splitlines()[0].replace("``", "`")
        retried = "yes" if kind.retryable else "no"
        found.append((f"`{kind.code}`", kind.__name__, str(kind.exit_status), retried, words))
    return found


def schedule() -> Rows:
    """Return each attempt of a delivery: the wait before it, and the least time since the first."""
    found = [("1", "at once", "")]
    total = 0.0
    for number, wait in enumerate(STANDARD.waits, start=2):
        total += wait
        found.append((str(number), duration(wait), duration(total)))
    return found


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, least = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (least, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def defects() -> Rows:
    """Return the code of each defect and what its source says of it."""
    tree = ast.parse((SOURCE / "mime" / "defects.py").read_text(encoding="utf-8"))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    told: dict[str, str] = {}
    name = ""
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                told[name] = ""
            case ast.Expr(value=ast.Constant(value=str(words))) if name:
                told[name] = words
            case _:
                continue
    return [(f"`{each.value}`", told[each.name]) for each in sorted(Defect)]


def logs() -> Rows:
    """Return each log event of the source: its name, its level and the rooms it comes from."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            event = logged(node)
            if event is not None:
                found.setdefault(event, set()).add(path.relative_to(SOURCE).parts[0])
    return [
        (f"`{event}`", level, ", ".join(sorted(rooms)))
        for (event, level), rooms in sorted(found.items())
    ]


def logged(node: ast.AST) -> tuple[str, str] | None:
    """Return event and level of a call such as ``_log.info("a.b")``; None for anything else."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Name(id="log" | "_log") | ast.Attribute(attr="log" | "_log"), attr=level
            ),
            args=[ast.Constant(value=str(event)), *_],
        ) if level in LEVELS:
            return event, level
        case ast.Call(
            func=ast.Name(id="log"),
            args=[ast.Constant(value=int(level)), ast.Constant(value=str(event))],
        ):
            return event, logging.getLevelName(level).lower()
        case _:
            return None


def stale(names: Iterable[str] = DOCUMENTS) -> list[str]:
    """Return the documents that the code has moved away from."""
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in names}
    return [name for name, text in texts.items() if document(text) != text]


def main() -> int:
    """Write the documents that are stale and say which."""
    for name in stale():
        path = ROOT / name
        path.write_text(document(path.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
