"""``vedette guard test``: what a guard would do with mail in files, and why."""

from __future__ import annotations

import json as json_module
import secrets
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.choice import chosen, ready, remark, state_or_none
from vedette.guard.pack import WROTE_TO
from vedette.secret import Secret
from vedette.service.guards.mailfiles import STDIN
from vedette.service.guards.trial import knowing, thinking, tried
from vedette.telemetry.log import LogPolicy, Style, configure

#: Octets of the key of digests that end with the command.
KEY = 32


def trial(
    *places: Path,
    pack: str = "gambling",
    config: Path | None = None,
    state: Path | None = None,
    sent: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
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
    sent
        A file or folder of mail that the user sent, for packs that ask to whom (again for more).
    authserv
        A server whose Authentication-Results are believed (again for more).
    json
        One JSON line per message; the default where the output is not a terminal.
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    settings = chosen(pack, config)
    place = state_or_none(config, state)
    guard = ready(settings, place)
    if WROTE_TO in settings.pack.facts and not sent:
        remark(
            f"{settings.pack.name} asks to whom the user wrote, and files of mail do not tell: every "
            "sender is judged as a stranger; --sent has the mail that the user sent"
        )
    think, know = thinking(settings.pack, place), knowing(sent, Secret(secrets.token_hex(KEY)))
    as_json = json if json is not None else not sys.stdout.isatty()
    for each in tried(guard, places or (STDIN,), authserv, think=think, know=know):
        if as_json:
            print(json_module.dumps(each.as_json(), ensure_ascii=False))
        else:
            print(f"{each.name}: {each.verdict.explained()}")
    return 0
