"""``vedette guard test``: what a guard would do with mail in files, and why."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.guard.choice import chosen, ready, remark, state_or_none
from vedette.cli.guard.rehearsal import refuse_elsewhere, tested
from vedette.cli.reach import HERE, Reach
from vedette.errors import UsageError
from vedette.guard.pack import WROTE_TO
from vedette.secret import Secret
from vedette.service.guards.mailfiles import STDIN
from vedette.service.guards.trial import knowing, thinking, tried
from vedette.telemetry.log import LogPolicy, Style, configure

#: Octets of the key of digests that end with the command.
KEY = 32


def trial(
    *places: Path,
    pack: str | None = None,
    guard: str | None = None,
    sent: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    authserv: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    at: Reach = HERE,
) -> int:
    """Judge mail in files by a guard: one line for each message, nothing is moved.

    With --guard the service judges, by its lists and models; else it is done here, by --pack.

    Parameters
    ----------
    places
        Files of mail (.eml, .mbox) and folders of them; without any, one message on standard
        input.
    pack
        A guard of the configuration, a shipped pack (gambling without this), or the path of a
        YAML file.
    guard
        A guard that was posted at the service.
    sent
        A file or folder of mail that the user sent, for packs that ask to whom (again for more).
    authserv
        A server whose Authentication-Results are believed (again for more).
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    if guard is not None:
        if pack is not None or sent:
            raise UsageError("--pack and --sent are for a guard that judges here, without --guard")
        found = places or (STDIN,)
        at.ask(lambda client: tested(client, guard, found, authserv, as_json=at.as_json))
        return 0
    refuse_elsewhere(at)
    return _judged(pack or "gambling", places, sent, authserv, at)


def _judged(
    pack: str,
    places: tuple[Path, ...],
    sent: tuple[Path, ...],
    authserv: tuple[str, ...],
    at: Reach,
) -> int:
    settings = chosen(pack, at.config)
    place = state_or_none(at.config, at.state)
    guard = ready(settings, place)
    if WROTE_TO in settings.pack.facts and not sent:
        remark(
            f"{settings.pack.name} asks to whom the user wrote, and files of mail do not tell: every "
            "sender is judged as a stranger; --sent has the mail that the user sent"
        )
    think, know = thinking(settings.pack, place), knowing(sent, Secret(secrets.token_hex(KEY)))
    for each in tried(guard, places or (STDIN,), authserv, think=think, know=know):
        if at.as_json:
            print(json.dumps(each.as_json(), ensure_ascii=False))
        else:
            print(f"{each.name}: {each.verdict.explained()}")
    return 0
