"""``vedette guard withdraw``: take back a loosening that waits."""

from __future__ import annotations

from vedette.cli.guard.asking import asked
from vedette.cli.reach import HERE, Reach


def withdraw(number: int, *, at: Reach = HERE) -> int:
    """Take back a loosening that waits; the protection stays as it is.

    What the configuration asks for is asked for again when it is read again.

    Parameters
    ----------
    number
        The change, as `vedette guard changes` shows it.
    """
    return asked(at, lambda client: client.guards.withdraw(number), "guard.withdraw", id=number)
