"""``vedette guard test``: what a guard would do with mail in files, and why."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.choice import chosen, state_or_none
from vedette.service.mailfiles import STDIN
from vedette.service.trial import compiled, thinking, tried
from vedette.telemetry.log import LogPolicy, Style, configure


def trial(
    *places: Path,
    pack: str = "gambling",
    config: Path | None = None,
    state: Path | None = None,
    authserv: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    json: bool | None = None,
) -> int:
    """Judge mail in files by a guard: one line for each message, nothing is moved.

    Parameters
    ----------
    places
        Files of mail (.eml, .mbox) and folders of them; without any, one message on standard
        input.
    pack
        A guard of the configuration, a shipped pack, or the path of a YAML file.
    config
        The configuration, for its guards and for where the state is.
    state
        The state folder, for lists that were fetched and models that were trained.
    authserv
        A server whose Authentication-Results are believed (again for more).
    json
        One JSON line per message; the default where the output is not a terminal.
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    settings = chosen(pack, config)
    place = state_or_none(config, state)
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        guard = asyncio.run(
            compiled(
                settings.pack,
                base=settings.base,
                state=place,
                scratch=Path(scratch),
                now=time.time(),
            )
        )
    think = thinking(settings.pack, place)
    as_json = json if json is not None else not sys.stdout.isatty()
    for each in tried(guard, places or (STDIN,), authserv, think):
        if as_json:
            print(json_module.dumps(each.as_json(), ensure_ascii=False))
        else:
            print(f"{each.name}: {each.verdict.explained()}")
    return 0
