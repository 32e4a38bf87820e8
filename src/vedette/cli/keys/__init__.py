"""``vedette keys``: who may ask the API, and the keys that secrets are sealed under."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "add": "access:add",
    "list": "access:list_",
    "show": "access:show",
    "revoke": "access:revoke",
    "rotate": "rotation:rotate",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette keys``; ``whole`` imports them, for their list."""
    about = "Say who may ask the API, and go over to another key of the secrets."
    return grouped("keys", about, COMMANDS, whole=whole)
