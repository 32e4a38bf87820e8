"""``vedette settings``: the few settings that are set while the service runs."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {"show": "preferences:show", "set": "preferences:set_"}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette settings``; ``whole`` imports them, for their list."""
    return grouped("settings", "Show and change what is set while it runs.", COMMANDS, whole=whole)
