"""``vedette guard explain``: why guards did what they did with one message."""

from __future__ import annotations

from vedette.cli.guard.kept import explanation
from vedette.cli.live import plain
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line
from vedette.cli.view import view
from vedette.client import Decision, Explanation
from vedette.errors import UsageError


def explain(event: str, *, at: Reach = HERE) -> int:
    """Tell what each guard decided about a message, with its reasons and what became of it.

    Without --server it is read from the state. It is for a person unless --json is given.

    Parameters
    ----------
    event
        The id of an event about the message, or of an action.
    """
    if at.is_elsewhere:
        found = at.ask(lambda client: client.guards.explain(event))
    else:
        with view(at.config, at.state) as reader:
            found = explanation(reader, event)
    if not found.decisions:
        raise UsageError(f"no guard decided about the message of {event}, or it was purged since")
    if at.json:
        print(line(found))
    else:
        _print(found)
    return 0


def _print(found: Explanation) -> None:
    print(f"{found.account} {plain(found.place.folder)} UID {found.place.uid}")
    for decision in found.decisions:
        print(_told(decision))
    for each in found.actions:
        why = f": {plain(each.reason)}" if each.reason else ""
        print(f"  {each.action} to {plain(each.target)}: {each.state}{why}  {each.id}")


def _told(decision: Decision) -> str:
    acted = f" [{decision.acted}]" if decision.acted not in {"acted", ""} else ""
    return f"  {decision.guard}@{decision.version[:12]}{acted}: {plain(decision.why)}"
