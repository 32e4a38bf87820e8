"""``vedette mail``: what is in a mailbox now, asked of its server."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "folders": "reading:folders",
    "list": "listing:list_",
    "show": "reading:show",
    "raw": "octets:raw",
    "attachments": "reading:attachments",
    "attachment": "octets:attachment",
    "flag": "changing:flag",
    "move": "changing:move",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette mail``; ``whole`` imports them, for their list."""
    about = "Read and change a mailbox as its server has it now; reading marks nothing as read."
    return grouped("mail", about, COMMANDS, whole=whole)
