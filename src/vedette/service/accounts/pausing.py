"""Who is paused, why, and what ends it: every rule about that, as pure decisions.

==============  =======================  ============================  =========================
reason          set by                   ends with                     kept in the record
==============  =======================  ============================  =========================
tenant          a pause of the tenant    that of the tenant            no: it is derived
plan_limit      a limit below the count  a place that is free          yes, what was is beneath
auth_failure    the engine               new credentials, reconnect    yes
manual          a person                 a person                      yes
consent         a consent that lacks     the consent                   no: it is derived
==============  =======================  ============================  =========================

A stronger reason stands over a weaker one and does not undo it: who is paused by hand and then by
the limit is paused by hand again when the limit is lifted. Consent is not among what stops a
session: the connection stays, and nothing is read. It must not know where records are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vedette.model.ids import AccountId
from vedette.ports.consent import Consent
from vedette.ports.registration import Pause, Registration

#: What an instant of a pause is where nothing is paused.
NEVER = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an account stands before a limit: its age, and whether the limit put it aside."""

    id: AccountId
    created_at: float
    is_aside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """Who is to be paused for a limit, newest first, and who is to be resumed, oldest first."""

    pauses: tuple[AccountId, ...] = ()
    resumes: tuple[AccountId, ...] = ()


def turnover(standings: Iterable[Standing], limit: int | None) -> Turnover:
    """Decide who is put aside by a limit, and who comes back.

    The newest go, by the instant of creation and then by id; the oldest come back. Every account
    that is not put aside has a place, be it paused by hand or not active.
    """
    ordered = sorted(standings, key=lambda each: (each.created_at, each.id))
    placed = [each.id for each in ordered if not each.is_aside]
    aside = [each.id for each in ordered if each.is_aside]
    if limit is None:
        return Turnover(resumes=tuple(aside))
    free = limit - len(placed)
    if free >= 0:
        return Turnover(resumes=tuple(aside[:free]))
    return Turnover(pauses=tuple(reversed(placed[free:])))


def stopped(registration: Registration, reason: Pause, *, now: float) -> Registration:
    """Return an account with a reason to be paused; the same where that changes nothing.

    ``reason`` is one of those that are kept.
    """
    if reason in {Pause.TENANT, Pause.CONSENT}:
        raise ValueError(f"{reason} is derived, and not set")
    top, beneath = registration.pause, registration.beneath
    if reason is Pause.PLAN_LIMIT:
        if top is Pause.PLAN_LIMIT:
            return registration
        return replace(registration, pause=reason, beneath=top, paused_at=now)
    if top is Pause.PLAN_LIMIT:
        held = _stronger(beneath, reason)
        return registration if held is beneath else replace(registration, beneath=held)
    held = _stronger(top, reason)
    return registration if held is top else replace(registration, pause=held, paused_at=now)


def started(registration: Registration, reason: Pause, *, now: float) -> Registration:
    """Return an account without a reason to be paused; the same where it was not paused for it."""
    if registration.pause is reason:
        beneath = registration.beneath
        return replace(
            registration,
            pause=beneath,
            beneath=None,
            paused_at=NEVER if beneath is None else now,
        )
    if registration.beneath is reason:
        return replace(registration, beneath=None)
    return registration


def is_for(registration: Registration, reason: Pause) -> bool:
    """Tell whether an account is paused for a reason, be it beneath another."""
    return reason in {registration.pause, registration.beneath}


def has_place(registration: Registration) -> bool:
    """Tell whether an account counts against the limit of its tenant."""
    return registration.pause is not Pause.PLAN_LIMIT


def under(
    registration: Registration, *, paused_at: float | None, consent: str | None = None
) -> Registration:
    """Return an account as it stands under its tenant: who asks whether it is watched asks this.

    ``paused_at`` is when the tenant was paused, or None; ``consent`` is what the tenant asks of
    accounts that do not say themselves what they ask.
    """
    wanted = registration.consent or consent
    if paused_at is None:
        same = wanted == registration.consent
        return registration if same else replace(registration, consent=wanted)
    return replace(
        registration,
        consent=wanted,
        pause=Pause.TENANT,
        beneath=registration.pause,
        paused_at=paused_at,
    )


def is_agreed(wanted: str | None, given: Consent | None) -> bool:
    """Tell whether mail may be read: to newer words one has to agree again."""
    if wanted is None:
        return True
    return given is not None and given.withdrawn_at is None and given.version == wanted


def oldest_first(registrations: Sequence[Registration]) -> list[Registration]:
    """Return accounts in the order in which a limit keeps them."""
    return sorted(registrations, key=lambda each: (each.created_at, each.account.id))


def _stronger(held: Pause | None, reason: Pause) -> Pause:
    """Return which of two reasons is kept: what a person wants stands over a refused login.

    The refused login is not forgotten by that: the engine knows the credentials that failed, and
    does not try them again.
    """
    if held is None or reason is Pause.MANUAL:
        return reason
    return held
