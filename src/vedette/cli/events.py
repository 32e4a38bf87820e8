"""``vedette events``: what was committed; below it what a service tells of it in its order.

Without a URL it is read from the state, whether a service runs on it or not.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from vedette.cli.live import lines
from vedette.cli.reach import HERE, Reach
from vedette.cli.stored import NEWEST, Newest, moment
from vedette.cli.verb import PAGE
from vedette.cli.view import view
from vedette.client.client import Client
from vedette.client.shape import Unset
from vedette.errors import UsageError

events = App(name="events")
# What is imported when it is called has its first line here.
events.command("vedette.cli.feed:pull", name="pull", help="Print the next events of a service.")
events.command("vedette.cli.feed:stream", name="stream", help="Print events as they come.")
events.command("vedette.cli.feed:show", name="show", help="Show one event and its deliveries.")
events.command("vedette.cli.feed:readers", name="readers", help="Show how far each reader is.")
events.command("vedette.cli.feed:ack", name="ack", help="Keep how far a reader is.")
events.command("vedette.cli.feed:forget", name="forget", help="Forget how far readers are.")

Types = Annotated[tuple[str, ...], Parameter(name="--type", negative=())]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    text: str
    due: int
    failed: int


@events.default
def stored_events(
    *,
    newest: Newest = NEWEST,
    type_: Types = (),
    until: str | None = None,
    at: Reach = HERE,
) -> int:
    """Show stored events, oldest first.

    Parameters
    ----------
    type_
        Only this type (again for more), such as message.received or account.*.
    until
        Only before this instant.
    """
    found = (_asked if at.is_elsewhere else _read)(at, newest, type_, until)
    if at.as_json:
        for each in reversed(found):
            sys.stdout.write(each.text + "\n")
        return 0
    console = Console(highlight=False)
    for each in reversed(found):
        event = json_module.loads(each.text)
        head, *rest = lines(event)
        head.append(f"  {event['id']}", style="dim")
        if each.due or each.failed:
            head.append(f"  due {each.due}, failed {each.failed}", style="yellow")
        for row in (head, *rest):
            console.print(row, soft_wrap=True)
    return 0


def _read(at: Reach, newest: Newest, types: Sequence[str], until: str | None) -> Sequence[_Row]:
    query = newest.events(types=tuple(types), until=until)
    with view(at.config, at.state) as reader:
        return [
            _Row(text=each.body.decode(), due=each.due, failed=each.failed)
            for each in reader.events(query)
        ]


def _asked(at: Reach, newest: Newest, types: Sequence[str], until: str | None) -> Sequence[_Row]:
    begin, end = moment("--since", newest.since), moment("--until", until)
    if newest.most > PAGE:
        raise UsageError(f"a service tells of the newest {PAGE}: for more, vedette events pull")

    async def work(client: Client) -> Sequence[_Row]:
        found = await client.events.newest(
            types=types,
            account=newest.account,
            begin=None if isinstance(begin, Unset) else begin,
            end=None if isinstance(end, Unset) else end,
            limit=newest.most,
        )
        return [
            _Row(
                text=json_module.dumps(each.event, ensure_ascii=False),
                due=each.deliveries.due,
                failed=each.deliveries.failed,
            )
            for each in found
        ]

    return at.ask(work)
