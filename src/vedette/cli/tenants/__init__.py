"""``vedette tenants``: who has accounts, and how many."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "add": "writing:add",
    "list": "reading:list_",
    "show": "reading:show",
    "preview": "reading:preview",
    "set": "writing:set_",
    "pause": "writing:pause",
    "resume": "writing:resume",
    "remove": "writing:remove",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette tenants``; ``whole`` imports them, for their list."""
    return grouped("tenants", "Say who has accounts, and how many.", COMMANDS, whole=whole)
