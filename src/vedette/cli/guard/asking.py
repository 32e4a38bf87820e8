"""Asks a service for something about guards, and prints what is done and what waits.

One elsewhere is asked through its API; one on this machine through its own door, which is open
whether it serves an API or not: nothing may stand between a person and the kill switch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from vedette.app.control import ask
from vedette.cli.place import state_of
from vedette.cli.reach import Reach
from vedette.cli.sheet import line
from vedette.client import Asked, Client
from vedette.errors import UsageError


def asked(at: Reach, work: Callable[[Client], Awaitable[Asked]], command: str, **wish: Any) -> int:
    """Ask, print what is done and what waits, and return the exit status.

    Raises UsageError where no service runs, or where it refuses.
    """
    if at.is_elsewhere:
        return told(at.ask(work), as_json=at.json)
    answer = answered(at.config, at.state, command, **wish)
    waiting = tuple(str(each) for each in answer.get("waiting", ()))
    return told(Asked(done=answer.get("done"), waiting=waiting), as_json=at.json)


def told(found: Asked, *, as_json: bool | None = None) -> int:
    """Print what came of a wish: in words for a person, unless JSON is asked for."""
    if as_json:
        print(line(found))
        return 0
    for each in (found.done, *found.waiting):
        if each:
            print(each)
    return 0


def answered(
    config: Path | None, state: Path | None, command: str, **wish: Any
) -> Mapping[str, Any]:
    """Return what the service on this machine answers. Raises UsageError."""
    folder = state_of(config, state)
    answer = asyncio.run(ask(folder, {"command": command, **wish}))
    if answer is None:
        raise UsageError(f"no service runs on {folder}; start vedette serve, which keeps the state")
    if "error" in answer:
        raise UsageError(str(answer["error"]))
    return answer
