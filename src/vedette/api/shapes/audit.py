"""The audit as JSON. It must not know how the trail is kept."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from vedette.api.shapes.model import Instant, Shown, instant
from vedette.ports.audit import AuditEntry, Trail
from vedette.service.history import detail_of


class EntryShown(Shown):
    """One step of what people did."""

    number: int
    at: Instant
    actor: str
    what: str
    detail: dict[str, Any]
    previous: str = Field(description="The digest of the entry before, in hex.")
    digest: str


class TrailShown(Shown):
    """The end of the trail, to be kept elsewhere."""

    entries: int
    head: str = Field(description="The digest of the last entry, in hex.")


class ChainShown(TrailShown):
    """What a look over the whole trail found."""

    is_unbroken: bool
    broken_at: int | None = Field(description="The first entry that does not follow from the last.")


def entry(found: AuditEntry) -> EntryShown:
    """Return an entry as it is shown."""
    return EntryShown(
        number=found.seq,
        at=instant(found.at),
        actor=found.actor,
        what=found.what,
        detail=dict(detail_of(found)),
        previous=found.previous.hex(),
        digest=found.digest.hex(),
    )


def head(trail: Trail) -> TrailShown:
    """Return the end of the trail as it is shown."""
    return TrailShown(entries=trail.entries, head=trail.head.hex())


def verified(trail: Trail) -> ChainShown:
    """Return what was found as it is shown."""
    return ChainShown(
        entries=trail.entries,
        head=trail.head.hex(),
        is_unbroken=trail.broken_at is None,
        broken_at=trail.broken_at,
    )
