"""What guards decided and did, as JSON; and the cursors of its pages. It must not know how guards judge."""

from __future__ import annotations

import math

from vedette.api.pages import cursor
from vedette.api.problems import refuse
from vedette.api.shapes.model import Instant, Shown, instant, shown_instant
from vedette.imap.names import decode_name
from vedette.model.action import ActionState, Decision, JournalEntry, Place
from vedette.ports.journal import Spot
from vedette.service.guards.chronicle import Told


class PlaceShown(Shown):
    """Where a message is."""

    folder: str
    uid_validity: int
    uid: int | None


class ActionShown(Shown):
    """What a guard did with one message."""

    id: str
    tenant: str
    account: str
    guard: str
    version: str
    action: str
    kind: str
    target: str
    state: ActionState
    reason: str
    origin: PlaceShown
    result: PlaceShown | None
    attempts: int
    at: Instant
    changed_at: Instant
    expires_at: Instant | None


class DecisionShown(Shown):
    """What a guard decided about one message."""

    account: str
    guard: str
    version: str
    origin: PlaceShown
    domain: str
    verdict: str
    wanted: str
    score: float
    symbols: dict[str, float]
    why: str
    acted: str
    at: Instant


class ToldShown(Shown):
    """What guards made of one message."""

    account: str
    place: PlaceShown
    decisions: list[DecisionShown]
    actions: list[ActionShown]


def action(found: JournalEntry) -> ActionShown:
    """Return an entry of the journal as it is shown."""
    return ActionShown(
        id=found.id,
        tenant=found.tenant,
        account=found.account,
        guard=found.guard,
        version=found.version,
        action=found.action,
        kind=found.kind,
        target=found.target,
        state=found.state,
        reason=found.reason,
        origin=_place(found.origin),
        result=None if found.result is None else _place(found.result),
        attempts=found.attempts,
        at=instant(found.at),
        changed_at=instant(found.changed),
        expires_at=shown_instant(found.expires),
    )


def decision(found: Decision) -> DecisionShown:
    """Return a decision as it is shown."""
    return DecisionShown(
        account=found.account,
        guard=found.guard,
        version=found.version,
        origin=_place(found.origin),
        domain=found.domain,
        verdict=found.verdict,
        wanted=found.wanted,
        score=found.score,
        symbols=dict(found.symbols),
        why=found.why,
        acted=found.acted,
        at=instant(found.at),
    )


def told(found: Told) -> ToldShown:
    """Return what guards made of a message as it is shown."""
    return ToldShown(
        account=found.account,
        place=_place(found.place),
        decisions=[decision(each) for each in found.decisions],
        actions=[action(each) for each in found.entries],
    )


def spot_text(found: Spot | None) -> str | None:
    """Return the cursor of the next page."""
    return None if found is None else cursor(f"{found.at!r} {found.seq}")


def spot(given: str) -> Spot | None:
    """Return where a page begins. Raises a problem for another text."""
    if not given:
        return None
    at, _, seq = given.partition(" ")
    try:
        found = Spot(at=float(at), seq=int(seq))
    except ValueError:
        found = Spot(at=math.nan, seq=0)
    if math.isfinite(found.at) and 0 < found.seq < 2**63:
        return found
    raise refuse("malformed", "after is no cursor of this list; take `next` of the page before")


def _place(found: Place) -> PlaceShown:
    return PlaceShown(
        folder=decode_name(found.folder), uid_validity=found.uid_validity, uid=found.uid
    )
