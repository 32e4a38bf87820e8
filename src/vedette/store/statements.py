"""Load the named SQL blocks, once; a name that is not there fails at import.

It knows how a ``.sql`` file is cut into blocks and nothing of what they say.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

_MARK: Final = "-- name:"


def blocks(text: str) -> dict[str, str]:
    """Cut a file into its named blocks; what comes before the first name is its preface.

    Raises ValueError for a name that is empty or comes twice.
    """
    found: dict[str, str] = {}
    for part in ("\n" + text).split(f"\n{_MARK}")[1:]:
        name, _, body = part.partition("\n")
        name = name.strip()
        if not name or name in found:
            raise ValueError(f"the SQL block name {name!r} is empty or comes twice")
        found[name] = body.strip()
    return found


def _load() -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(files("vedette.store.sql").iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        for name, body in blocks(file.read_text("utf-8")).items():
            if name in found:
                raise ValueError(f"the SQL block name {name!r} comes twice, again in {file.name}")
            found[name] = body
    return found


STATEMENTS: Final = _load()


def sql(name: str) -> str:
    """Return the statement called ``name``; KeyError where there is none."""
    return STATEMENTS[name]
