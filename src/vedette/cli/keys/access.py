"""``vedette keys add|list|show|revoke``: keys of the API."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, shown
from vedette.cli.stored import moment
from vedette.cli.verb import SOME, Some, each, fresh, listed
from vedette.client.keys import Key, KeyWish
from vedette.client.shape import UNSET
from vedette.errors import UsageError

COLUMNS: Final[Columns[Key]] = {
    "id": lambda each: each.id,
    "name": lambda each: each.name,
    "tenant": lambda each: each.tenant,
    "scopes": lambda each: each.scopes,
    "expires": lambda each: each.expires_at,
    "last used": lambda each: each.last_used_at,
    "since": lambda each: each.created_at,
}


def add(
    name: str,
    *,
    scope: Annotated[tuple[str, ...], Parameter(negative=())],
    tenant: str | None = None,
    expires: str | None = None,
    out: Path | None = None,
    at: Reach = HERE,
) -> int:
    """Make a key of the API. It is shown this once, and can not be had again.

    Parameters
    ----------
    name
        What it is for.
    scope
        What it may do, such as accounts:read or events:* (again for more); admin is everything.
    tenant
        Whose it is; without one it is an admin's.
    expires
        When it ends to be valid, such as 2027-01-31.
    out
        Write the key into this new file, which its owner alone can read, and do not show it.
    """
    wish = KeyWish(
        name=name,
        scopes=scope,
        tenant=UNSET if tenant is None else tenant,
        expires_at=moment("--expires", expires),
    )
    with nullcontext() if out is None else fresh(out) as file:
        made = at.ask(lambda client: client.keys.create(wish))
        if file is not None:
            file.write(f"{made.key.reveal()}\n".encode())
    if file is not None:
        print(made.id)
    elif at.as_json:
        print(line(made))
    else:
        print(f"id   {made.id}\nkey  {made.key.reveal()}")
        print("It is shown this once: keep it where secrets are kept.", file=sys.stderr)
    return 0


def list_(*, some: Some = SOME, at: Reach = HERE) -> int:
    """List the keys of the API, by id; never a key itself."""
    return listed(
        at,
        COLUMNS,
        some.limit,
        lambda client, page: client.keys.list(tenant=some.tenant, limit=page),
    )


def show(key: str, *, at: Reach = HERE) -> int:
    """Show a key of the API, without the key itself.

    Parameters
    ----------
    key
        Its id.
    """
    return shown(at.ask(lambda client: client.keys.get(key)), as_json=at.as_json)


def revoke(*keys: str, at: Reach = HERE) -> int:
    """Revoke keys of the API: they are good for nothing from now on.

    Parameters
    ----------
    keys
        Their ids.
    """
    if any(id_.startswith("vdt_") for id_ in keys):
        raise UsageError("that is a key itself, which others may now have seen: give its id")
    return each(at, keys, "revoked", lambda client, id_: client.keys.revoke(id_))
