"""What guards decided and did, as the API tells of it. It must not know how it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message is; ``uid`` is None where the server did not tell."""

    folder: str
    uid_validity: int
    uid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a guard did to a message."""

    id: str
    tenant: str
    account: str
    guard: str
    version: str
    action: str
    kind: str
    target: str
    state: str
    reason: str
    origin: Place
    result: Place | None
    attempts: int
    at: datetime
    changed_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a guard decided about a message, and why."""

    account: str
    guard: str
    version: str
    origin: Place
    domain: str
    verdict: str
    wanted: str
    score: float
    symbols: Mapping[str, float]
    why: str
    acted: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What all guards decided about one message, and what became of it."""

    account: str
    place: Place
    decisions: tuple[Decision, ...]
    actions: tuple[Action, ...]
