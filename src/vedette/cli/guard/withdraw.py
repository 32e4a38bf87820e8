"""``vedette guard withdraw``: take back a loosening that waits."""

from __future__ import annotations

from pathlib import Path

from vedette.cli.guard.asking import asked


def withdraw(number: int, *, config: Path | None = None, state: Path | None = None) -> int:
    """Take back a loosening that waits; the protection stays as it is.

    What the configuration asks for is asked for again when it is read again.

    Parameters
    ----------
    number
        The change, as `vedette guard changes` shows it.
    config
        The configuration of the running service.
    state
        Its state folder.
    """
    return asked("guard.withdraw", config, state, id=number)
