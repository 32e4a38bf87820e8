"""``vedette events``: what was committed, from the state; below it what a service tells of it."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from vedette.cli.live import lines
from vedette.cli.stored import NEWEST, USUAL, Newest, Stored

events = App(name="events")
# What is imported when it is called has its first line here.
events.command("vedette.cli.feed:pull", name="pull", help="Print the next events of a service.")
events.command("vedette.cli.feed:stream", name="stream", help="Print events as they come.")
events.command("vedette.cli.feed:show", name="show", help="Show one event and its deliveries.")
events.command("vedette.cli.feed:readers", name="readers", help="Show how far each reader is.")
events.command("vedette.cli.feed:ack", name="ack", help="Keep how far a reader is.")
events.command("vedette.cli.feed:forget", name="forget", help="Forget how far readers are.")


@events.default
def stored_events(
    *,
    newest: Newest = NEWEST,
    type_: Annotated[tuple[str, ...], Parameter(name="--type", negative=())] = (),
    until: str | None = None,
    stored: Stored = USUAL,
) -> int:
    """Show stored events, oldest first.

    Parameters
    ----------
    type_
        Only this type (again for more), such as message.received or account.*.
    until
        Only before this instant.
    """
    query = newest.events(types=type_, until=until)
    with stored.read() as reader:
        found = reader.events(query)
    if stored.as_json:
        for each in reversed(found):
            sys.stdout.write(each.body.decode() + "\n")
        return 0
    console = Console(highlight=False)
    for each in reversed(found):
        head, *rest = lines(json_module.loads(each.body))
        head.append(f"  {each.event}", style="dim")
        if each.due or each.failed:
            head.append(f"  due {each.due}, failed {each.failed}", style="yellow")
        for line in (head, *rest):
            console.print(line, soft_wrap=True)
    return 0
