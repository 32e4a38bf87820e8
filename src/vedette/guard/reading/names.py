"""Expressions over the names of symbols, as tiers, routes and composites have them.

It must not know what a symbol looks for.
"""

from __future__ import annotations

from collections.abc import Collection

from vedette.errors import UsageError
from vedette.guard.expression import Expression, read_expression
from vedette.guard.reading.table import Table, guess


def read_names(row: Table, key: str, known: Collection[str]) -> Expression | None:
    """Read an expression over names that are known."""
    text = row.text(key, '"OFFER & GAME"')
    if text is None:
        return None
    try:
        expression = read_expression(text)
    except UsageError as error:
        row.fail(key, str(error))
        return None
    for name in sorted(expression.names - set(known)):
        row.fail(key, f"there is no symbol {name}{guess(name, sorted(known))}")
    return None if expression.names - set(known) else expression
