"""Accounts from a file of another system: CSV or JSON, checked line by line before one is written.

A mistake is told with its line, all of them at once, and then nothing is written. An account that
is there already, by its address, user and host, is left as it is: an import that was cut off is
begun again. It must not know where the file came from.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vedette.model.ids import AccountId, TenantId
from vedette.ports.records import Kind
from vedette.ports.registration import Registration
from vedette.secret import Secret
from vedette.service import strict
from vedette.service.accounts.accounts import WRITE, Accounts, blank, new_writing
from vedette.service.accounts.quota import records_of
from vedette.service.accounts.registration import SECRETS, SETTABLE
from vedette.service.accounts.tenant import Tenant
from vedette.service.accounts.wish import Wished
from vedette.service.body import members
from vedette.service.cabinet import Cabinet, Writing
from vedette.service.caller import Caller
from vedette.service.refusals import (
    BusyError,
    InvalidError,
    Mistake,
    PlanLimitError,
    RefusalError,
    invalid,
)

#: Lines of one file, and characters: ten times what one instance watches, of 300 each.
MAX_LINES: Final = 200_000
MAX_SIZE: Final = 64 * 1024 * 1024
#: Accounts of one transaction: a second of a disk at most, and mail gets in between.
STEP: Final = 100

#: Lines that are checked before others have a turn on the loop: 2 ms.
_TURN: Final = 50

#: What in a CSV is not a text, by its member: how a cell of it is read.
_FLAGS: Final = frozenset({"verifyTls", "private", "active", "canary"})
_NUMBERS: Final = frozenset({"port", "securityLevel", "maxMessage", "canaryInterval"})
_LISTS: Final = frozenset({"tags", "folders", "authserv", "tokenCommand"})
#: Digits of a number in a cell: more are no port, and no number of messages.
_DIGITS: Final = 15
_WORDS: Final[Mapping[str, bool]] = {
    "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False,
}  # fmt: skip

_KNOWN: Final = SETTABLE | frozenset(SECRETS) | {"id", "tenant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One account of a file, and the line on which it stands."""

    number: int
    wish: Mapping[str, object]
    id: str | None = None
    tenant: TenantId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many accounts were made, and how many were there already."""

    made: int
    there: int


def read_csv(text: str) -> list[Line]:
    """Read a table with a line of names first. Raises InvalidError with the line of a mistake.

    An empty cell is as if its column were not there; lists are divided by ``;``.
    """
    _bounded(text)
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    lines: list[Line] = []
    mistakes: list[Mistake] = []
    try:
        header = [each.strip() for each in next(rows, [])]
        _check_header(header)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            number = rows.line_num
            if len(row) > len(header):
                mistakes.append(
                    _mistake(number, "", f"has more cells than the {len(header)} named")
                )
                continue
            lines.append(_line(number, _cells(header, row)))
            _counted(lines)
    except csv.Error as error:
        raise InvalidError([*mistakes, _mistake(rows.line_num, "", str(error))]) from None
    if mistakes:
        raise InvalidError(mistakes)
    return lines


def read_json(text: str) -> list[Line]:
    """Read a list of objects, or one object on each line. Raises InvalidError.

    In a list the number is the place of the object, from 1.
    """
    _bounded(text)
    try:
        whole = strict.loads(text)
    except ValueError:
        whole = None
    found: Iterable[tuple[int, object]]
    if isinstance(whole, list):
        found = enumerate(whole, start=1)
    elif whole is not None:
        found = [(1, whole)]
    else:
        found = _json_lines(text)
    lines: list[Line] = []
    mistakes: list[Mistake] = []
    for number, item in found:
        if not isinstance(item, dict):
            raise InvalidError([_mistake(number, "", "expected an object with an account")])
        if isinstance(item, strict.Doubled):
            # Readers differ in which of both they believe: nobody knows which one was meant.
            mistakes.append(_mistake(number, item.name[:60], "is there twice"))
            continue
        lines.append(_line(number, item))
        _counted(lines)
    if mistakes:
        raise InvalidError(mistakes)
    return lines


class Importing:
    """Takes what was read from a file."""

    __slots__ = ("_accounts", "_cabinet")

    def __init__(self, cabinet: Cabinet, accounts: Accounts) -> None:
        self._cabinet = cabinet
        self._accounts = accounts

    async def take(self, caller: Caller, lines: Sequence[Line]) -> Imported:
        """Make the accounts of a file. Raises InvalidError, PlanLimitError before any is made."""
        caller.needs(WRITE)
        owners = await self._owners(caller, lines)
        there = {
            (tenant, *_likeness_in(members(record)))
            for tenant in owners
            async for record in records_of(self._cabinet, Kind.ACCOUNT, tenant)
        }
        checked = await self._checked(caller, lines, owners)
        new = [
            (found, owner)
            for found, owner in checked
            if (owner.id, *_likeness(found.registration)) not in there
        ]
        await self._fit(new)
        for first in range(0, len(new), STEP):
            step = [new_writing(found, owner) for found, owner in new[first : first + STEP]]
            await self._write(caller, step)
        for owner in owners.values():
            if (await self._accounts.tenants.of(owner.id)).max_accounts != owner.max_accounts:
                await self._accounts.tenants.settle(caller, owner.id)
        return Imported(made=len(new), there=len(checked) - len(new))

    async def _owners(self, caller: Caller, lines: Sequence[Line]) -> dict[TenantId, Tenant]:
        """Return the tenants of a file, each asked for once."""
        found: dict[TenantId, Tenant] = {}
        asked: dict[TenantId | None, str | None] = {}
        mistakes = []
        for line in lines:
            if line.tenant not in asked:
                asked[line.tenant] = None
                try:
                    owner = await self._accounts.owner(caller, line.tenant)
                    found[owner.id] = owner
                except RefusalError as error:
                    asked[line.tenant] = str(error)
            if (why := asked[line.tenant]) is not None:
                mistakes.append(_mistake(line.number, "tenant", why))
        if mistakes:
            raise InvalidError(mistakes)
        return found

    async def _checked(
        self, caller: Caller, lines: Sequence[Line], owners: Mapping[TenantId, Tenant]
    ) -> list[tuple[Wished, Tenant]]:
        checked: list[tuple[Wished, Tenant]] = []
        seen: dict[tuple[str, ...], int] = {}
        mistakes: list[Mistake] = []
        alone = next(iter(owners.values()), None)
        for count, line in enumerate(lines):
            if count % _TURN == 0:
                await asyncio.sleep(0)
            owner = alone if line.tenant is None or caller.tenant else owners[line.tenant]
            if owner is None:
                continue
            try:
                id_ = self._accounts.chosen(caller, line.id)
                base = blank(id_, owner.id)
                found = self._accounts.judged(caller, line.wish, base)
            except InvalidError as error:
                mistakes += [_mistake(line.number, each.field, each.why) for each in error.mistakes]
                continue
            except RefusalError as error:
                mistakes.append(_mistake(line.number, "", str(error)))
                continue
            likeness = owner.id, *_likeness(found.registration)
            if likeness in seen:
                why = f"is the account of line {seen[likeness]} once more"
                mistakes.append(_mistake(line.number, "", why))
                continue
            seen[likeness] = line.number
            checked.append((found, owner))
        if mistakes:
            raise InvalidError(mistakes)
        return checked

    async def _fit(self, new: Sequence[tuple[Wished, Tenant]]) -> None:
        """Raise PlanLimitError where a tenant has no room for all of its accounts."""
        wanted: dict[TenantId, int] = {}
        for _, owner in new:
            wanted[owner.id] = wanted.get(owner.id, 0) + 1
        for owner in {owner.id: owner for _, owner in new}.values():
            if owner.max_accounts is None:
                continue
            current = await self._cabinet.records.count(Kind.ACCOUNT, owner.id)
            if current + wanted[owner.id] > owner.max_accounts:
                raise PlanLimitError("accounts", current=current, limit=owner.max_accounts)

    async def _write(self, caller: Caller, step: Sequence[Writing]) -> None:
        if not await self._cabinet.write(caller, [(each, 0) for each in step]):
            for each in step:
                id_ = AccountId(each.record.id)
                if await self._cabinet.records.record(Kind.ACCOUNT, id_) is not None:
                    raise invalid("id", f"the account {id_} is there already")
            raise BusyError("account", step[0].record.id)


def _likeness(registration: Registration) -> tuple[str, str, str]:
    account = registration.account
    return account.email.lower(), account.credentials.user, registration.target.host


def _likeness_in(body: Mapping[str, object]) -> tuple[str, str, str]:
    """Return the same of a record, without reading all of it: there may be a hundred thousand."""
    email, user, host = (str(body.get(name)) for name in ("email", "user", "host"))
    return email.lower(), user, host


def _line(number: int, given: Mapping[str, object]) -> Line:
    wish: dict[str, object] = {}
    for name, value in given.items():
        if name in {"id", "tenant"}:
            continue
        is_secret = name in SECRETS and isinstance(value, str)
        wish[name] = Secret(str(value)) if is_secret else value
    id_, tenant = given.get("id"), given.get("tenant")
    for name, value in (("id", id_), ("tenant", tenant)):
        if value is not None and not isinstance(value, str):
            raise InvalidError([_mistake(number, name, "expected text")])
    return Line(
        number=number,
        wish=wish,
        id=str(id_) if id_ else None,
        tenant=TenantId(str(tenant)) if tenant else None,
    )


def _cells(header: Sequence[str], row: Sequence[str]) -> dict[str, object]:
    """Return the members of a row, each of its type; what can not be read stays a text."""
    found: dict[str, object] = {}
    for name, cell in zip(header, row, strict=False):
        text = cell if name in SECRETS else cell.strip()
        if not text:
            continue
        value: object = text
        if name in _FLAGS:
            value = _WORDS.get(text.lower(), text)
        elif name in _NUMBERS or name == "start":
            value = (
                int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else text
            )
        elif name in _LISTS:
            value = [each.strip() for each in text.split(";") if each.strip()]
        found[name] = value
    return found


def _check_header(header: Sequence[str]) -> None:
    unknown = [each for each in header if each not in _KNOWN]
    twice = (
        {each for each in header if header.count(each) > 1} if len(header) <= len(_KNOWN) else set()
    )
    mistakes = [_mistake(1, each[:60], "is no column that is known") for each in unknown]
    mistakes += [_mistake(1, each[:60], "is named twice") for each in sorted(twice - set(unknown))]
    if not header:
        mistakes.append(_mistake(1, "", "expected the names of the columns"))
    if mistakes:
        raise InvalidError(mistakes)


def _json_lines(text: str) -> Iterable[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, strict.loads(line)
        except ValueError as error:
            raise InvalidError([_mistake(number, "", f"is no JSON: {error}")]) from None


def _mistake(number: int, field: str, why: str) -> Mistake:
    return Mistake(field=f"line {number}{f' {field}' if field else ''}", why=why)


def _bounded(text: str) -> None:
    if len(text) > MAX_SIZE:
        raise invalid("file", f"has more than {MAX_SIZE} characters; make two of it")


def _counted(lines: Sequence[Line]) -> None:
    if len(lines) > MAX_LINES:
        raise invalid("file", f"has more than {MAX_LINES} accounts; make two of it")
