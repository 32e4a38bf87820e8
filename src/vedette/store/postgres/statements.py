"""The statements of this kind of store, loaded once, by name.

Parameters are positional (``$1``), each cast to its type, so that Postgres has nothing to guess.
"""

from __future__ import annotations

from typing import Final

from vedette.store.statements import load

STATEMENTS: Final = load("vedette.store.postgres.sql")


def sql(name: str) -> str:
    """Return the statement called ``name``; KeyError where there is none."""
    return STATEMENTS[name]
