"""``vedette guard undo``: put messages back where they were."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vedette.app.control import ask
from vedette.cli.place import state_of
from vedette.errors import UsageError


def undo(*actions: str, config: Path | None = None, state: Path | None = None) -> int:
    """Take actions of guards back: the running service moves the messages to where they were.

    Parameters
    ----------
    actions
        The ids of actions, as `vedette guard journal` shows them.
    config
        The configuration of the running service.
    state
        Its state folder.
    """
    if not actions:
        raise UsageError("name at least one action; vedette guard journal shows them")
    folder = state_of(config, state)
    answer = asyncio.run(ask(folder, {"command": "guard.undo", "actions": list(actions)}))
    if answer is None:
        raise UsageError(f"no service runs on {folder}; start vedette serve, which has the mailbox")
    if "error" in answer:
        raise UsageError(str(answer["error"]))
    for held in answer.get("held", []):
        print(held)
    count = answer.get("asked", 0)
    print(f"{count} {'action is' if count == 1 else 'actions are'} being taken back")
    return 0
