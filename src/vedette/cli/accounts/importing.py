"""``vedette accounts import``: accounts of another system, from a CSV or JSON file."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.client import problem as client_problem
from vedette.client.accounts import AccountWish, Imported
from vedette.client.client import Client
from vedette.client.problem import ProblemError
from vedette.client.shape import camel, members
from vedette.errors import UsageError
from vedette.model.ids import AccountId, TenantId
from vedette.service.accounts.accounts import blank
from vedette.service.accounts.importing import MAX_SIZE, Line, read_csv, read_json
from vedette.service.accounts.wish import wished
from vedette.service.caller import admin
from vedette.service.refusals import InvalidError, Mistake, RefusalError

#: Octets of one request: 8 MiB are taken, and what is between the accounts is not counted here.
STEP: Final = 6 * 1024 * 1024
#: Mistakes that are told; more are of one cause.
TOLD: Final = 20

_Pair: TypeAlias = tuple[Line, AccountWish]

_FIELDS: Final = {camel(each.name): each.name for each in fields(AccountWish)}


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
    print(f"made {done.created} accounts{there}")
    return 0


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
            wished(judge, each.wish, base, now=now, ports=())
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


async def _imported(client: Client, lines: Sequence[Line], tenant: str | None) -> Imported:
    created = there = 0
    for part in _parts([(each, _wish(each, tenant)) for each in lines]):
        try:
            done = await client.accounts.import_all([wish for _, wish in part])
        except ProblemError as error:
            if created:
                print(f"made {created} accounts of the lines before", file=sys.stderr)
            mistakes = [_placed(each, part) for each in error.problem.fields]
            if mistakes:
                raise InvalidError(mistakes[:TOLD]) from error
            raise
        created, there = created + done.created, there + done.there
    return Imported(created=created, there=there)


def _parts(found: Sequence[_Pair]) -> Iterator[list[_Pair]]:
    """Yield as many at a time as fit into a request."""
    part: list[_Pair] = []
    size = 0
    for each in found:
        octets = len(json.dumps(members(each[1])))
        if part and size + octets > STEP:
            yield part
            part, size = [], 0
        part.append(each)
        size += octets
    if part:
        yield part


def _placed(mistake: client_problem.Mistake, part: Sequence[_Pair]) -> Mistake:
    """Return a mistake with the line of the file in the place of that of the request."""
    word, _, rest = mistake.field.partition(" ")
    number, _, name = rest.partition(" ")
    if word == "line" and number.isdigit() and 1 <= int(number) <= len(part):
        line = part[int(number) - 1][0].number
        return Mistake(field=f"line {line}{f' {name}' if name else ''}", why=mistake.why)
    return Mistake(field=mistake.field, why=mistake.why)


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
