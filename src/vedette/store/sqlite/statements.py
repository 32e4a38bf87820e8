"""The statements of this kind of store, loaded once, by name."""

from __future__ import annotations

from typing import Final

from vedette.store.statements import load

STATEMENTS: Final = load("vedette.store.sqlite.sql")


def sql(name: str) -> str:
    """Return the statement called ``name``; KeyError where there is none."""
    return STATEMENTS[name]
