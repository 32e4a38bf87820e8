"""``vedette accounts add|set|remove``: make, change and delete accounts."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from cyclopts import Parameter

from vedette.cli.accounts.finer import USUAL, Finer
from vedette.cli.accounts.wish import NOTHING, Described, Names, login_of, password_of
from vedette.cli.reach import HERE, Reach
from vedette.cli.verb import cleared, each, given, named
from vedette.client.accounts import AccountChange, AccountWish

Flag = Annotated[bool, Parameter(negative=())]


def add(
    mailbox: str,
    *,
    id_: Annotated[str | None, Parameter(name="--id")] = None,
    tenant: str | None = None,
    described: Described = NOTHING,
    finer: Finer = USUAL,
    at: Reach = HERE,
) -> int:
    """Register an account. It is watched within a second.

    The password comes from VEDETTE_PASSWORD, --password-file, or a prompt.

    Parameters
    ----------
    mailbox
        Its address, with --host, or all of it: imaps://user@host.
    id_
        Its id; without one it is given one.
    tenant
        Whose it is.
    """
    wish = AccountWish(**login_of(mailbox, described, finer), **given(id=id_, tenant=tenant))
    return named(at.ask(lambda client: client.accounts.create(wish)), at)


def set_(
    account: str,
    *,
    password: Flag = False,
    clear: Names = (),
    if_version: int | None = None,
    described: Described = NOTHING,
    finer: Finer = USUAL,
    at: Reach = HERE,
) -> int:
    """Change an account: what is not named stays as it is.

    Parameters
    ----------
    account
        Its id.
    password
        Set another password: from VEDETTE_PASSWORD, --password-file, or a prompt.
    clear
        Set this back to its default, such as proxy or title (again for more).
    if_version
        Only where it still has this version.
    """
    found = {**described.members(), **finer.members()}
    if password or described.password_file is not None:
        found["password"] = password_of(described, account)
    known = [one.name for one in fields(AccountChange)]
    change = AccountChange(**found, **cleared(clear, known, tuple(found)))
    return named(
        at.ask(lambda client: client.accounts.update(account, change, version=if_version)), at
    )


def remove(*accounts: str, at: Reach = HERE) -> int:
    """Delete accounts with their credentials. What was delivered stays.

    Parameters
    ----------
    accounts
        Their ids.
    """
    return each(at, accounts, "removed", lambda client, id_: client.accounts.delete(id_))
