"""``vedette consents``: whose owners agreed that their mail be read."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "list": "standing:list_",
    "show": "standing:show",
    "give": "standing:give",
    "withdraw": "standing:withdraw",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette consents``; ``whole`` imports them, for their list."""
    about = "Note that the owners of accounts agreed to have their mail read, or do no more."
    return grouped("consents", about, COMMANDS, whole=whole)
