"""How an account is doing: columns and nouns, both ways.

``state`` and ``since`` are what older instances read and write, with the states that they know:
what was told of by an event. The state itself is ``stage``; it counts where ``stage_since`` says
the same as ``since``, for else an older instance had the last word. It must not know any database.
"""

from __future__ import annotations

from math import isnan
from typing import Any, Final, TypeAlias

from vedette.errors import StoreError, Trouble
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId, TenantId
from vedette.store.words import printable

Column: TypeAlias = str | float | int | None

#: The columns, in their order.
COLUMNS: Final = (
    "account",
    "tenant",
    "email",
    "state",
    "since",
    "proof_at",
    "work_at",
    "error_at",
    "error",
    "trouble",
    "lag",
    "strikes",
    "credential",
    "stage",
    "stage_since",
    "reply",
    "response_code",
    "held",
    "attempts",
    "retry_at",
    "reconnect",
    "resynced",
)


def columns(health: Health) -> tuple[Column, ...]:
    """Return the values of the columns."""
    return (
        health.account,
        health.tenant,
        printable(health.email),
        health.told.value,
        health.since,
        health.proof_at,
        health.work_at,
        health.error_at,
        _printed(health.error),
        None if health.trouble is None else health.trouble.value,
        health.lag,
        health.strikes,
        health.credential,
        health.state.value,
        health.since,
        _printed(health.reply),
        _printed(health.response_code),
        _printed(health.held),
        health.attempts,
        health.retry_at,
        health.reconnect,
        health.resynced,
    )


def health_of(row: Any) -> Health:
    """Return what a row, in the order of the columns, says."""
    told = AccountState(row[3])
    is_ours = row[13] is not None and row[14] == row[4]
    return Health(
        account=AccountId(row[0]),
        tenant=TenantId(row[1]),
        email=row[2],
        state=AccountState(row[13]) if is_ours else told,
        since=row[4],
        told=told,
        proof_at=row[5],
        work_at=row[6],
        error_at=row[7],
        error=row[8],
        trouble=None if row[9] is None else Trouble(row[9]),
        reply=row[15],
        response_code=row[16],
        held=row[17] if is_ours else None,
        lag=row[10],
        attempts=row[18],
        retry_at=row[19],
        strikes=row[11],
        credential=row[12],
        reconnect=row[20],
        resynced=row[21],
    )


def check(health: Health) -> None:
    """Raise StoreError for a note that could not be written when its turn comes."""
    for value in columns(health):
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                raise StoreError(f"a note can not be stored: {error}") from error
        elif isinstance(value, float) and isnan(value):
            raise StoreError(f"a note of {health.account} can not be stored: an instant is NaN")


def _printed(text: str | None) -> str | None:
    return None if text is None else printable(text)
