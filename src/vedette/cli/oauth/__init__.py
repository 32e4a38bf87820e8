"""``vedette oauth``: apps of providers, and the consents of accounts."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {
    "add": "apps:add",
    "list": "apps:list_",
    "show": "apps:show",
    "set": "apps:set_",
    "remove": "apps:remove",
    "login": "consent:login",
    "grant": "consent:grant",
    "forget": "consent:forget",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette oauth``; ``whole`` imports them, for their list."""
    about = "Register OAuth 2.0 apps, and connect accounts by a consent."
    return grouped("oauth", about, COMMANDS, whole=whole)
