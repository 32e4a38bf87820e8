"""Asks the running service for something about guards, and prints what it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from vedette.app.control import ask
from vedette.cli.place import state_of
from vedette.errors import UsageError


def asked(command: str, config: Path | None, state: Path | None, **wish: Any) -> int:
    """Ask, print what is done and what waits, and return the exit status.

    Raises UsageError where no service runs, or where it refuses.
    """
    folder = state_of(config, state)
    answer = asyncio.run(ask(folder, {"command": command, **wish}))
    if answer is None:
        raise UsageError(f"no service runs on {folder}; start vedette serve, which keeps the state")
    if "error" in answer:
        raise UsageError(str(answer["error"]))
    for line in (answer.get("done"), *answer.get("waiting", ())):
        if line:
            print(line)
    return 0
