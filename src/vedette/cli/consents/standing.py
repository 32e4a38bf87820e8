"""``vedette consents list|show|give|withdraw``: who agreed to which words, and who has to yet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, shown
from vedette.cli.verb import listed
from vedette.client.client import Client
from vedette.client.consents import Consent
from vedette.errors import UsageError

COLUMNS: Final[Columns[Consent]] = {
    "account": lambda each: each.account,
    "wanted": lambda each: each.wanted,
    "given": lambda each: each.given,
    "at": lambda each: each.at,
    "by": lambda each: each.by,
    "withdrawn": lambda each: each.withdrawn_at,
}


def list_(*, limit: int = 1_000, at: Reach = HERE) -> int:
    """List accounts that lack a consent: they are connected, and nothing of them is read.

    Parameters
    ----------
    limit
        The first so many.
    """
    return listed(at, COLUMNS, limit, lambda client, page: client.consents.pending(limit=page))


def show(account: str, *, at: Reach = HERE) -> int:
    """Show how it stands with the consent of an account.

    Parameters
    ----------
    account
        Its id.
    """
    return shown(at.ask(lambda client: client.consents.get(account)), as_json=at.as_json)


def give(*accounts: str, version: str, by: str | None = None, at: Reach = HERE) -> int:
    """Note that the owners of accounts agreed: of all that are named, or of none.

    Parameters
    ----------
    accounts
        Their ids.
    version
        Which words were agreed to, such as the date of a privacy notice.
    by
        Who agreed, where it is not the owner of the address.
    """
    if not accounts:
        raise UsageError("name at least one account, by its id")

    async def work(client: Client) -> Sequence[Consent]:
        if len(accounts) == 1:
            return [await client.consents.give(accounts[0], version, by=by)]
        return await client.consents.give_many(accounts, version, by=by)

    for each in at.ask(work):
        _tell(each, at)
    return 0


def withdraw(account: str, *, at: Reach = HERE) -> int:
    """End a consent at once: nothing is read any more. That it was given stays on record.

    Parameters
    ----------
    account
        Its id.
    """
    _tell(at.ask(lambda client: client.consents.withdraw(account)), at)
    return 0


def _tell(consent: Consent, at: Reach) -> None:
    if at.as_json:
        print(line(consent))
        return
    print(consent.account)
    if consent.given is not None and not consent.is_agreed and consent.withdrawn_at is None:
        print(f"note: {consent.account} wants {consent.wanted} to be agreed to", file=sys.stderr)
