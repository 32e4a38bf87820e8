"""``vedette store``: what is done with the state as a whole."""

from __future__ import annotations

from importlib import import_module

from cyclopts import App

#: Commands, each imported when it is called, from the file of its name.
COMMANDS = ("copy",)


def build(*, whole: bool = False) -> App:
    """Return the commands of ``vedette store``; ``whole`` imports them, for the list of them."""
    app = App(name="store", help="Take the state from SQLite to Postgres.")
    for name in COMMANDS:
        place = f"vedette.cli.store.{name}"
        command = getattr(import_module(place), name) if whole else f"{place}:{name}"
        app.command(command, name=name)
    return app
