"""Load the named SQL blocks of one kind of store.

It knows how a ``.sql`` file is cut into blocks and nothing of what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

_NAME: Final = "-- name:"
_PART: Final = "-- part:"
_USE: Final = "-- use:"


def blocks(text: str) -> dict[str, str]:
    """Cut a file into its named blocks; what comes before the first one is its preface.

    A part is what several blocks of one file say in the same words: it stands above them, and a
    line of theirs uses it by its name. Raises ValueError for a name that is empty or comes twice,
    and for a part that is not known.
    """
    parts: dict[str, str] = {}
    found: dict[str, str] = {}
    for mark, name, body in _cut(text):
        if not name or name in parts or name in found:
            raise ValueError(f"the SQL block name {name!r} is empty or comes twice")
        (parts if mark == _PART else found)[name] = _whole(body, parts)
    return found


def _cut(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each block's mark, its name and its lines."""
    mark, lines = "", [""]
    for line in [*text.split("\n"), _NAME]:
        begins = next((each for each in (_NAME, _PART) if line.startswith(each)), "")
        if not begins:
            lines.append(line)
            continue
        if mark:
            yield mark, lines[0].removeprefix(mark).strip(), "\n".join(lines[1:]).strip()
        mark, lines = begins, [line]


def _whole(body: str, parts: Mapping[str, str]) -> str:
    """Return a block with the parts that it uses in their places."""
    lines = body.split("\n")
    for at, line in enumerate(lines):
        if line.startswith(_USE):
            name = line.removeprefix(_USE).strip()
            if name not in parts:
                raise ValueError(f"no part of SQL is called {name!r}")
            lines[at] = parts[name]
    return "\n".join(lines)


def load(package: str) -> dict[str, str]:
    """Read the blocks of every ``.sql`` file of a package, by name.

    Raises ValueError for a name that comes twice, and what ``blocks`` raises.
    """
    found: dict[str, str] = {}
    for file in sorted(files(package).iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        for name, body in blocks(file.read_text("utf-8")).items():
            if name in found:
                raise ValueError(f"the SQL block name {name!r} comes twice, again in {file.name}")
            found[name] = body
    return found
