"""Commands in a group, such as ``vedette accounts``: each is imported when it is called.

It must not know any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from cyclopts import App


def grouped(name: str, about: str, commands: Mapping[str, str], *, whole: bool) -> App:
    """Return a group. ``commands`` say for each name which function of which module it is.

    ``whole`` imports them, for the list of them.
    """
    app = App(name=name, help=about)
    for verb, where in commands.items():
        place = f"vedette.cli.{name}.{where}"
        module, _, function = place.partition(":")
        app.command(getattr(import_module(module), function) if whole else place, name=verb)
    return app
