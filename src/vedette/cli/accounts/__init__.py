"""``vedette accounts``: the mailboxes that are watched."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "add": "writing:add",
    "list": "reading:list_",
    "show": "reading:show",
    "set": "writing:set_",
    "remove": "writing:remove",
    "pause": "orders:pause",
    "resume": "orders:resume",
    "reconnect": "orders:reconnect",
    "resync": "orders:resync",
    "try": "trying:try_",
    "verify": "orders:verify",
    "completeness": "trying:completeness",
    "import": "importing:import_",
    "find": "lookup:find",
    "logs": "lookup:logs",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette accounts``; ``whole`` imports them, for their list."""
    return grouped(
        "accounts", "Register mailboxes, and see how they are doing.", COMMANDS, whole=whole
    )
