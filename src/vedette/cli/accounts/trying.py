"""``vedette accounts try|completeness``: whether an account would work, and whether it missed any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vedette.cli.accounts.finer import USUAL, Finer
from vedette.cli.accounts.orders import FAILED, print_findings
from vedette.cli.accounts.wish import NOTHING, Described, login_of
from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, print_table, told
from vedette.cli.verb import given
from vedette.client.accounts import AccountWish
from vedette.client.completeness import Completeness, Day

COLUMNS: Final[Columns[Day]] = {
    "folder": lambda each: each.folder,
    "day": lambda each: each.day,
    "at the server": lambda each: each.server,
    "told of": lambda each: each.ledger,
    "on their way": lambda each: each.owed,
    "missing": lambda each: each.missing,
    "checked": lambda each: each.checked_at,
}


def try_(
    mailbox: str,
    *,
    tenant: str | None = None,
    described: Described = NOTHING,
    finer: Finer = USUAL,
    at: Reach = HERE,
) -> int:
    """Try an account out before it is added, step by step, and say what to do where it fails.

    The password comes from VEDETTE_PASSWORD, --password-file, or a prompt.

    Parameters
    ----------
    mailbox
        Its address, with --host, or all of it: imaps://user@host.
    tenant
        Whose it will be.
    """
    wish = AccountWish(**login_of(mailbox, described, finer), **given(tenant=tenant))
    verified = at.ask(lambda client: client.accounts.try_out(wish))
    if at.as_json:
        print(line(verified))
    else:
        print_findings(verified)
    return 0 if verified.is_good else FAILED


def completeness(account: str, *, at: Reach = HERE) -> int:
    """Show what the server counts against what was told, by folder and day.

    Parameters
    ----------
    account
        Its id.
    """
    found = at.ask(lambda client: client.completeness.get(account))
    if at.as_json:
        print(line(found))
        return 0
    print_table(found.days, COLUMNS)
    for each in summary(found):
        print(each)
    return 0


def summary(found: Completeness) -> Iterator[str]:
    """Yield what it comes to: what is missing, and what nobody has looked at."""
    if found.is_complete is not None:
        yield "nothing is missing" if found.is_complete else "some are missing"
    elif not found.days:
        yield "nothing was counted yet"
    else:
        yield "nothing is missing of what was counted"
    if found.uncounted:
        yield f"not counted yet: {', '.join(map(told, found.uncounted))}"
