"""``vedette endpoints``: where events go, and what became of them there."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "add": "writing:add",
    "list": "reading:list_",
    "show": "reading:show",
    "set": "writing:set_",
    "rotate": "writing:rotate",
    "retire": "writing:retire",
    "remove": "writing:remove",
    "test": "orders:try_",
    "enable": "orders:enable",
    "deliveries": "reading:deliveries",
    "redrive": "orders:redrive",
    "replay": "orders:replay",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette endpoints``; ``whole`` imports them, for their list."""
    return grouped(
        "endpoints", "Say where events go, and see what became of them.", COMMANDS, whole=whole
    )
