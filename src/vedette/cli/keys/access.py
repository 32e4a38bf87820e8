"""``vedette keys add|list|show|revoke``: keys of the API."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TextIO

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns, line, listed, shown
from vedette.cli.stored import instant_of
from vedette.client.client import Client
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
    end = instant_of("--expires", expires)
    wish = KeyWish(
        name=name,
        scopes=scope,
        tenant=UNSET if tenant is None else tenant,
        expires_at=UNSET if end is None else datetime.fromtimestamp(end, UTC),
    )
    with _written(out) as file:
        made = at.ask(lambda client: client.keys.create(wish))
        if file is not None:
            file.write(f"{made.key.reveal()}\n")
    if file is not None:
        print(made.id)
    elif at.as_json:
        print(line(made))
    else:
        print(f"id   {made.id}\nkey  {made.key.reveal()}")
        print("It is shown this once: keep it where secrets are kept.", file=sys.stderr)
    return 0


def list_(*, tenant: str | None = None, limit: int = 1_000, at: Reach = HERE) -> int:
    """List the keys of the API, by id; never a key itself.

    Parameters
    ----------
    tenant
        Only those of this tenant.
    limit
        The first so many.
    """

    async def work(client: Client) -> int:
        found = client.keys.list(tenant=tenant, limit=min(max(limit, 1), 1_000))
        return await listed(found, COLUMNS, as_json=at.as_json, limit=limit)

    return at.ask(work)


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
    if any(each.startswith("vdt_") for each in keys):
        raise UsageError("that is a key itself, which others may now have seen: give its id")

    async def work(client: Client) -> None:
        for each in keys:
            await client.keys.revoke(each)
            print(f"revoked {each}", file=sys.stderr)

    at.ask(work)
    return 0


@contextmanager
def _written(path: Path | None) -> Iterator[TextIO | None]:
    """Give a new file for a secret, made before the secret is: it may not be possible."""
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
