"""Events about the protection that a guard gives: that it changed, or is going to.

They go to a partner too, so they say as little as they can: which guard, what kind of change and
when; no list, no sender, nothing of mail, and no account.
"""

from __future__ import annotations

from enum import StrEnum, unique

from vedette.model.event import Event, EventType
from vedette.model.ids import TenantId, occurrence_event_id
from vedette.outbox.envelope import instant
from vedette.outbox.occurrence import SERVICE


@unique
class Turn(StrEnum):
    """What became of a change."""

    ENFORCED = "enforced"
    """The guard is protected by the ratchet from now on."""
    TIGHTENED = "tightened"
    """Something became stricter, at once."""
    WAITING = "waiting"
    """A loosening was asked for; it holds when it is due."""
    GRANTED = "granted"
    """A partner let it happen at once."""
    WITHDRAWN = "withdrawn"
    APPLIED = "applied"
    """A loosening holds now."""


def changed(
    guard: str,
    what: str,
    turn: Turn,
    *,
    number: int | None = None,
    asked_at: float | None = None,
    due: float | None = None,
    head: str,
    now: float,
) -> Event:
    """Return ``guard.changed``; ``number`` and ``asked_at`` are a loosening's that was asked for.

    ``head`` is that of the audit, sealed: who keeps it can show later that the audit was written
    over, and can tell nothing from it.
    """
    kind = EventType.GUARD_CHANGED
    # What is told again after a crash has the id that it had.
    instance = f"{now if asked_at is None else asked_at:.6f}"
    occurrence = f"{guard}/{what}/{turn}/{number}/{instance}"
    return Event(
        id=occurrence_event_id(SERVICE, kind, occurrence),
        type=kind,
        tenant=TenantId(SERVICE),
        account=SERVICE,
        time=now,
        subject=guard,
        lane=b"",
        data={
            "guard": {"name": guard},
            "change": what,
            "turn": turn.value,
            "number": number,
            "due": None if due is None else instant(due),
            "audit": head,
            "changedAt": instant(now),
        },
    )
