"""Accounts as they are shown: what is set, and how they are doing; never a secret.

It must not know how an account is kept.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from vedette.api.problems import of_error
from vedette.api.shapes.model import Instant, Shown, instant, shown_instant
from vedette.model.account import Start
from vedette.ports.consent import Consent
from vedette.service.accounts.agreements import Agreement
from vedette.service.accounts.batches import Outcome
from vedette.service.accounts.condition import Condition, State
from vedette.service.accounts.overview import Seen
from vedette.service.accounts.registration import members_of
from vedette.service.doctor.doctor import CheckOutcome, Finding


class StatusShown(Shown):
    """How an account is doing."""

    state: State
    reason: str | None = Field(description="Why, in the server's own words where it said any.")
    since: Instant | None
    last_error_at: Instant | None
    last_error: str | None
    response_code: str | None = Field(description="The server's response code (RFC 9051).")
    last_proof_at: Instant | None = Field(description="When a round trip last proved it alive.")
    last_event_at: Instant | None
    lag: float | None = Field(description="Seconds from a message's arrival to its event, lately.")
    attempts: int = Field(description="Failures in a row.")
    next_retry_at: Instant | None


class AccountShown(Shown):
    """An account."""

    id: str
    tenant: str
    origin: Literal["api", "file", "table"] = Field(description="Who keeps it.")
    email: str
    title: str
    tags: list[str]
    host: str
    port: int
    encryption: str
    verify_tls: bool
    ca: str | None
    pin: str | None
    minimum_tls: str
    security_level: int | None
    proxy: str | None
    private: bool
    user: str
    auth: str
    app: str | None
    token_command: list[str]
    token_url: str | None
    mechanism: str | None
    folders: list[str]
    start: Any = Field(description="As it is set: `now`, an instant, or a number of messages.")
    depth: str
    cover: str
    authserv: list[str]
    max_message: int
    active: bool
    pause: str | None
    paused_at: Instant | None
    consent: str | None = Field(description="The words that the owner has to agree to.")
    canary: bool = Field(description="Whether probe mails are put in, and taken out once seen.")
    canary_interval: int
    canary_folder: str
    resync_since: Instant | None
    status: StatusShown
    created_at: Instant
    updated_at: Instant


class FindingShown(Shown):
    """One step of the way in."""

    check: str
    outcome: CheckOutcome
    seconds: float
    detail: str
    remedy: str
    code: str | None = Field(description="The class of the failure.")


class VerifiedShown(Shown):
    """What came of trying an account out."""

    is_good: bool = Field(description="The login worked and the folders are there.")
    findings: list[FindingShown]


class ConsentShown(Shown):
    """How it stands with the consent of an account."""

    account: str
    wanted: str | None = Field(description="The version of the words that it asks for.")
    given: str | None
    at: Instant | None
    by: str | None
    withdrawn_at: Instant | None
    is_agreed: bool


class OutcomeShown(Shown):
    """What became of one item of many."""

    status: int
    account: AccountShown | None
    problem: dict[str, Any] | None


class BatchShown(Shown):
    """What became of many items, each list in the order of what was asked."""

    create: list[OutcomeShown]
    update: list[OutcomeShown]
    delete: list[OutcomeShown]


def account(seen: Seen) -> AccountShown:
    """Return an account as it is shown."""
    found = seen.registration
    members = members_of(found)
    for ours in ("beneath", "reconnect", "resync", "pausedAt", "start"):
        members.pop(ours, None)
    shown = {
        "id": found.account.id,
        "tenant": found.account.tenant,
        "origin": found.origin.value,
        "start": _start(seen),
        "pausedAt": shown_instant(found.paused_at),
        "resyncSince": instant(found.resync.since) if found.resync.serial else None,
        "status": status(seen.condition),
        "createdAt": instant(found.created_at),
        "updatedAt": instant(found.updated_at),
    }
    return AccountShown.model_validate({**members, **shown})


def status(found: Condition) -> StatusShown:
    """Return how an account is doing as it is shown."""
    health = found.health
    if health is None:
        return StatusShown(
            state=found.state,
            reason=found.reason,
            since=None,
            last_error_at=None,
            last_error=None,
            response_code=None,
            last_proof_at=None,
            last_event_at=None,
            lag=None,
            attempts=0,
            next_retry_at=None,
        )
    return StatusShown(
        state=found.state,
        reason=found.reason,
        since=instant(health.since),
        last_error_at=shown_instant(health.error_at),
        last_error=health.error,
        response_code=health.response_code,
        last_proof_at=shown_instant(health.proof_at),
        last_event_at=shown_instant(health.work_at),
        lag=health.lag,
        attempts=health.attempts,
        next_retry_at=shown_instant(health.retry_at),
    )


def verified(findings: list[Finding]) -> VerifiedShown:
    """Return what was found as it is shown."""
    return VerifiedShown(
        is_good=bool(findings) and findings[-1].outcome is not CheckOutcome.FAILED,
        findings=[finding(each) for each in findings],
    )


def finding(found: Finding) -> FindingShown:
    """Return a finding as it is shown."""
    return FindingShown(
        check=found.check,
        outcome=found.outcome,
        seconds=round(found.seconds, 3),
        detail=found.detail,
        remedy=found.remedy,
        code=None if found.error is None else found.error.code,
    )


def consent(found: Agreement) -> ConsentShown:
    """Return how it stands with a consent as it is shown."""
    given: Consent | None = found.given
    return ConsentShown(
        account=found.account,
        wanted=found.wanted,
        given=None if given is None else given.version,
        at=None if given is None else instant(given.at),
        by=None if given is None else given.by,
        withdrawn_at=None if given is None else shown_instant(given.withdrawn_at),
        is_agreed=found.is_agreed,
    )


def outcome(found: Outcome, seen: Seen | None, *, done: int) -> OutcomeShown:
    """Return what became of an item; ``done`` is the status where it was done."""
    if found.refusal is None:
        shown = None if seen is None else account(seen)
        return OutcomeShown(status=done, account=shown, problem=None)
    problem = of_error(found.refusal)
    return OutcomeShown(status=problem.status, account=None, problem=problem.told())


def _start(seen: Seen) -> object:
    beginning = seen.registration.account.beginning
    match beginning.start:
        case Start.NOW:
            return "now"
        case Start.LAST:
            return beginning.count
        case Start.DATE:
            return instant(beginning.instant)
