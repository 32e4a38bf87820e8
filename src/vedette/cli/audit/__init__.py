"""``vedette audit``: who did what, when, in an unbroken trail."""

from __future__ import annotations

from cyclopts import App

from vedette.cli.group import grouped

COMMANDS = {"show": "trail:show", "verify": "trail:verify"}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette audit``; ``whole`` imports them, for their list."""
    return grouped(
        "audit", "See who did what, when, and that nobody wrote it anew.", COMMANDS, whole=whole
    )
