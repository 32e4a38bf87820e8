"""``vedette links``: addresses by which people connect a mailbox, once."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "add": "connecting:add",
    "list": "connecting:list_",
    "show": "connecting:show",
    "revoke": "connecting:revoke",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette links``; ``whole`` imports them, for their list."""
    return grouped(
        "links", "Have people connect a mailbox themselves, once.", COMMANDS, whole=whole
    )
