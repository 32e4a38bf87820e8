"""``vedette guard``: try guards, look at what they did, and take it back."""

from __future__ import annotations

from importlib import import_module

from cyclopts import App

#: Commands and their files, each imported when it is called.
COMMANDS = {
    "test": "trial",
    "backtest": "backtest",
    "diff": "diff",
    "train": "train",
    "sieve": "sieve",
    "explain": "explain",
    "journal": "journal",
    "undo": "undo",
    "sweep": "sweep",
    "pause": "pause",
    "resume": "resume",
    "allow": "allow",
    "consent": "consent",
    "changes": "changes",
    "withdraw": "withdraw",
    "grant": "grant",
    "audit": "audit",
}


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette guard``; ``whole`` imports them, for the list of them."""
    app = App(name="guard", help="Try guards, look at what they did, and take it back.")
    for name, file in COMMANDS.items():
        place = f"vedette.cli.guard.{file}"
        command = getattr(import_module(place), file) if whole else f"{place}:{file}"
        app.command(command, name=name)
    return app
