"""``vedette guard changes``: what of protective guards is asked for and waits."""

from __future__ import annotations

from collections.abc import Sequence

from vedette.cli.guard.kept import change
from vedette.cli.live import plain
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line
from vedette.cli.view import view
from vedette.client import Change
from vedette.outbox.envelope import instant

HOUR = 3_600.0


def changes(*, at: Reach = HERE) -> int:
    """Show the loosenings that wait, and when they hold by each of the two clocks.

    Without --server it is read from the state.
    """
    for each in _found(at):
        print(line(each) if at.as_json else _line(each))
    return 0


def _found(at: Reach) -> Sequence[Change]:
    if at.is_elsewhere:
        return at.ask(lambda client: client.guards.changes())
    with view(at.config, at.state) as reader:
        return [change(each) for each in reader.changes()]


def _line(found: Change) -> str:
    return (
        f"{found.id}  {found.guard}  {plain(found.says)}  ({found.state}) "
        f"not before {instant(found.due_at.timestamp())}, and {found.left / HOUR:.1f} h of running"
    )
