"""``vedette accounts import``: accounts of another system, from a CSV or JSON file."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.client.accounts import AccountWish, Batch, Outcome
from vedette.client.client import Client
from vedette.client.shape import camel
from vedette.errors import UsageError, VedetteError
from vedette.model.ids import AccountId, TenantId
from vedette.service.accounts import blank
from vedette.service.caller import admin
from vedette.service.importing import MAX_SIZE, Line, read_csv, read_json
from vedette.service.refusals import InvalidError, Mistake, RefusalError
from vedette.service.wish import wished

#: Accounts of one request: a megabyte is the most that is taken, and a password may be long.
STEP: Final = 100
#: Mistakes that are told; more are of one cause.
TOLD: Final = 20
#: The exit status where lines were refused: EX_DATAERR.
REFUSED: Final = 65

_FIELDS: Final = {camel(each.name): each.name for each in fields(AccountWish)}


@dataclass(slots=True)
class _Sum:
    """What became of the lines so far."""

    made: int = 0
    there: int = 0
    refused: int = 0


def import_(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    *,
    tenant: str | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    at: Reach = HERE,
) -> int:
    """Register the accounts of a file. Mistakes in it are told by line, and then none is made.

    One that is there already, by address, user and host, is left as it is: an import that was cut
    off is begun again.

    Parameters
    ----------
    file
        A CSV with a line of names first, or JSON: a list, or an object on each line; - is standard
        input, with JSON. The names are those of the API: email, host, user, password, tags …
    tenant
        Whose they are, where the file does not say.
    dry_run
        Only read the file and say what is wrong with it.
    """
    lines = _read(file)
    _check(lines)
    if dry_run:
        print(f"{len(lines)} accounts, none of them made")
        return 0
    done = at.ask(lambda client: _imported(client, lines, tenant))
    there = f"; {done.there} were there" if done.there else ""
    refused = f"; {done.refused} were refused" if done.refused else ""
    print(f"made {done.made} accounts{there}{refused}")
    return REFUSED if done.refused else 0


def _read(file: Path) -> list[Line]:
    try:
        if str(file) == "-":
            return read_json(sys.stdin.read(MAX_SIZE + 1))
        with file.open(encoding="utf-8", newline="") as opened:
            text = opened.read(MAX_SIZE + 1)
    except UnicodeDecodeError:
        raise UsageError(f"{file} can not be read: it is not UTF-8") from None
    except OSError as error:
        raise UsageError(f"{file} can not be read: {error.strerror}") from error
    return read_csv(text) if file.suffix.lower() == ".csv" else read_json(text)


def _check(lines: Sequence[Line]) -> None:
    """Raise InvalidError with what is wrong with lines, as the service will judge them."""
    judge, now = admin("import"), time.time()
    base = blank(AccountId("import"), TenantId("import"))
    mistakes: list[Mistake] = []
    for each in lines:
        try:
            wished(judge, each.wish, base, now=now)
        except InvalidError as error:
            mistakes += [
                Mistake(field=f"line {each.number} {one.field}", why=one.why)
                for one in error.mistakes
            ]
        except RefusalError as error:
            mistakes.append(Mistake(field=f"line {each.number}", why=str(error)))
        if len(mistakes) >= TOLD:
            break
    if mistakes:
        raise InvalidError(mistakes[:TOLD])


async def _imported(client: Client, lines: Sequence[Line], tenant: str | None) -> _Sum:
    found = _Sum()
    there = {
        (each.email.lower(), each.user, each.host)
        async for each in client.accounts.list(tenant=tenant, limit=1_000)
    }
    new = [(each, _wish(each, tenant)) for each in lines]
    fresh = [(each, wish) for each, wish in new if _likeness(wish) not in there]
    found.there = len(new) - len(fresh)
    for first in range(0, len(fresh), STEP):
        step = fresh[first : first + STEP]
        try:
            done = await client.accounts.batch(Batch(create=tuple(wish for _, wish in step)))
        except VedetteError:
            print(f"made {found.made} accounts so far", file=sys.stderr)
            raise
        for (each, _), outcome in zip(step, done.create, strict=True):
            _take(found, each, outcome)
    return found


def _take(found: _Sum, line: Line, outcome: Outcome) -> None:
    problem = outcome.refusal
    if problem is None:
        found.made += 1
        return
    found.refused += 1
    if found.refused <= TOLD:
        print(f"vedette: line {line.number}: {problem.detail}", file=sys.stderr)


def _wish(line: Line, tenant: str | None) -> AccountWish:
    given: dict[str, Any] = {_FIELDS[name]: _value(value) for name, value in line.wish.items()}
    if line.id is not None:
        given["id"] = line.id
    owner = line.tenant or tenant
    if owner is not None:
        given["tenant"] = owner
    return AccountWish(**given)


def _value(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _likeness(wish: AccountWish) -> tuple[str, str, str]:
    email, host = str(wish.email), str(wish.host)
    user = wish.user if isinstance(wish.user, str) else email
    return email.lower(), user, host
