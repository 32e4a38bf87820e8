"""``vedette guard allow|allows``: have a guard leave a sender's mail alone, and show whose it does."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Final

from cyclopts import Parameter

from vedette.cli.guard.asking import asked
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, print_table
from vedette.client import Allow, Asked, Client

ALLOWS: Final[Columns[Allow]] = {
    "guard": lambda each: each.guard,
    "domain": lambda each: each.domain,
    "by": lambda each: each.source,
    "at": lambda each: each.at,
}


def allow(
    account: str,
    domain: str,
    *,
    guard: str,
    remove: Annotated[bool, Parameter(negative=())] = False,
    at: Reach = HERE,
) -> int:
    """Have a guard leave alone what comes to an account from a domain, or from below it.

    It holds for all mail that says it is from there, whether that is proved or not. For a protective
    guard it holds when its delay is over, or a partner grants it.

    Parameters
    ----------
    account
        The account.
    domain
        The sender's domain, such as shop.example.org.
    guard
        The guard's name.
    remove
        Have it judge that mail again; at once, whatever the guard.
    """

    def work(client: Client) -> Awaitable[Asked]:
        if remove:
            return client.guards.disallow(account, guard, domain)
        return client.guards.allow(account, guard, domain)

    wish = {"account": account, "domain": domain, "guard": guard, "remove": remove}
    return asked(at, work, "guard.allow", **wish)


def allows(account: str, *, at: Reach = HERE) -> int:
    """Show the senders' domains that guards leave alone at an account.

    Parameters
    ----------
    account
        The account.
    """
    found = at.ask(lambda client: client.guards.allows(account))
    if at.as_json:
        for each in found:
            print(line(each))
    else:
        print_table(found, ALLOWS)
    return 0
