"""``vedette accounts find|logs``: where a mailbox is, and what is said to its server."""

from __future__ import annotations

import sys
from typing import Final

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, print_table, told
from vedette.client.autoconfig import Proposal

COLUMNS: Final[Columns[Proposal]] = {
    "host": lambda each: each.host,
    "port": lambda each: each.port,
    "encryption": lambda each: each.encryption,
    "user": lambda each: each.user,
    "by": lambda each: each.auths,
    "provider": lambda each: each.provider,
}


def find(address: str, *, at: Reach = HERE) -> int:
    """Find the server of an address: what every source said, and which was believed.

    Parameters
    ----------
    address
        The mail address.
    """
    found = at.ask(lambda client: client.autoconfig.find(address))
    if at.as_json:
        print(line(found))
        return 0
    for each in found.tried:
        print(f"{told(each.source):12} {told(each.outcome):8} {told(each.reason)}", file=sys.stderr)
    print_table(found.proposals, COLUMNS)
    if found.hint is not None:
        print(f"{told(found.hint.words)} {told(found.hint.url)}")
    return 0


def logs(account: str, *, record: int | None = None, at: Reach = HERE) -> int:
    """Show the last lines to and from the server of an account, without secrets and without mail.

    Parameters
    ----------
    account
        The account's id.
    record
        Keep lines for so many seconds from now on; without it only those that were kept are shown.
    """
    if record is None:
        found = at.ask(lambda client: client.logs.get(account))
    else:
        found = at.ask(lambda client: client.logs.record(account, record))
    if at.as_json:
        for each in found.items:
            print(line(each))
        return 0
    for each in found.items:
        arrow = ">" if each.direction == "sent" else "<"
        print(f"{each.at:%H:%M:%S.%f} {each.connection} {arrow} {told(each.text)}")
    until = "no lines are kept: say --record 600" if found.until is None else told(found.until)
    print(f"kept until {until}" if found.until is not None else until, file=sys.stderr)
    return 0
