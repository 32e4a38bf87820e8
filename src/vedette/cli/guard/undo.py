"""``vedette guard undo``: put messages back where they were."""

from __future__ import annotations

from vedette.cli.guard.asking import answered, told
from vedette.cli.reach import HERE, Reach
from vedette.client import Asked
from vedette.errors import UsageError


def undo(*actions: str, at: Reach = HERE) -> int:
    """Take actions of guards back: the running service moves the messages to where they were.

    Parameters
    ----------
    actions
        The ids of actions, as `vedette guard journal` shows them.
    """
    if not actions:
        raise UsageError("name at least one action; vedette guard journal shows them")
    if at.is_elsewhere:
        return told(at.ask(lambda client: client.guards.undo(actions)), as_json=at.json)
    answer = answered(at.config, at.state, "guard.undo", actions=list(actions))
    count = int(answer.get("asked", 0))
    done = f"{count} {'action is' if count == 1 else 'actions are'} being taken back"
    waiting = tuple(str(each) for each in answer.get("held", ()))
    return told(Asked(done=done, waiting=waiting), as_json=at.json)
