"""What is known of an account without asking its mailbox, as findings with remedies.

What is known is gathered by ``casebook``. Every state and every kind of trouble has its line in one of
the tables here; a test walks them. It must not know where anything is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from vedette.engine.canary import PROBE
from vedette.errors import Trouble
from vedette.model.account import AccountState
from vedette.ports.ownership import Keeper
from vedette.ports.registration import Origin, Pause, Registration
from vedette.service.accounts.condition import Condition, State
from vedette.service.accounts.counting import Counting
from vedette.service.doctor.doctor import REMEDIES, CheckOutcome, Finding

#: Things of one kind that are named; of more it is said how many there are.
NAMED: Final = 5
#: Characters of what others said: a line for a person.
SAID: Final = 200


@unique
class Complaint(StrEnum):
    """A kind of trouble that is no state of the account."""

    NOT_RUNNING = "not_running"
    """No service runs on the state."""
    UNOWNED = "unowned"
    """No instance has the account at the moment."""
    OWNER_GONE = "owner_gone"
    """The instance that had it is not heard of any more."""
    UNREAD = "unread"
    """It is connected, and lacks a consent."""
    CANARY = "canary"
    GAP = "gap"
    UNCOUNTED = "uncounted"
    TABLE = "table"
    """The host's table can not be read."""
    ENDPOINT_DISABLED = "endpoint_disabled"
    """Deliveries are held, because their endpoint is disabled."""
    DELIVERY_FAILING = "delivery_failing"
    DELIVERY_GIVEN_UP = "delivery_given_up"
    GUARD_STUCK = "guard_stuck"
    """A guard tries to act, and can not."""
    GUARD_FAILED = "guard_failed"
    """A guard gave an action up."""


#: What a person does about each.
COMPLAINTS: Final[Mapping[Complaint, str]] = MappingProxyType(
    {
        Complaint.NOT_RUNNING: "start `vedette serve`; what was noted last is told here",
        Complaint.UNOWNED: "it goes from one instance to another; where it stays so for a minute, look"
        " at /ownerz and the log of each instance",
        Complaint.OWNER_GONE: "another instance takes it within 20 seconds; find out what ended that"
        " one",
        Complaint.UNREAD: "have the owner of the mailbox agree, and note it: vedette consents give;"
        " nothing is read before, and nothing is lost",
        Complaint.CANARY: "vedette accounts logs shows whether the server announces the probe; where"
        " an endpoint is named, its answer says what it wants",
        Complaint.GAP: "they are asked for already, and told within ten minutes; keep the log line"
        " completeness.gap and report it, for no code of ours should let it happen",
        Complaint.UNCOUNTED: "each folder is counted within a day of its first watch",
        Complaint.TABLE: "check the database, the query and its columns; accounts go on as they were"
        " read last",
        Complaint.ENDPOINT_DISABLED: "mend the endpoint, then vedette endpoints enable; its backlog goes"
        " first and nothing is lost",
        Complaint.DELIVERY_FAILING: "the endpoint's answer says what it wants; it is tried again by its"
        " schedule, for days",
        Complaint.DELIVERY_GIVEN_UP: "mend the endpoint, then send them again: vedette endpoints redrive",
        Complaint.GUARD_STUCK: "the server's words say what it refuses: the folder has to allow moving"
        " and deleting, and there has to be room; it is tried again",
        Complaint.GUARD_FAILED: "the message stayed where it was; vedette guard journal has the reason,"
        " and a right that is missing has to be given on the server",
    }
)

#: What a person does in each state; of the ones that pass by themselves, when to look again.
STATES: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.INIT: "it is taken up within a second; where it stays so, no instance has it: see owner",
        State.CONNECTING: "logins take turns, which passes; where it stays so, the reason says why",
        State.SYNCING: "its folders are looked through, which passes; a large mailbox takes minutes",
        State.LIVE: "nothing is to be done",
        State.DEGRADED: "it is tried again by itself; where it lasts, do as the reason says",
        State.AUTH_FAILED: "give credentials that the server takes, or have the owner consent anew; then"
        " it connects by itself",
        State.PAUSED: "resume it: vedette accounts resume",
        State.ERROR: "change what the reason names; it is tried as soon as it is changed",
    }
)

#: What a person does about each pause.
PAUSES: Final[Mapping[Pause, str]] = MappingProxyType(
    {
        Pause.MANUAL: "somebody paused it by hand; resume it: vedette accounts resume",
        Pause.AUTH_FAILURE: "its logins were refused three times and are not tried any more: give new"
        " credentials, or vedette accounts reconnect",
        Pause.PLAN_LIMIT: "raise the tenant's limit of accounts, or delete others; it is resumed then",
        Pause.CONSENT: "have the owner of the mailbox agree, and note it: vedette consents give",
        Pause.TENANT: "resume the tenant: vedette tenants resume",
    }
)
#: Of one that was switched off.
INACTIVE: Final = "switch it on where it is kept: vedette accounts set --active"

_OUTCOMES: Final = {
    State.LIVE: CheckOutcome.OK,
    State.AUTH_FAILED: CheckOutcome.FAILED,
    State.ERROR: CheckOutcome.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Something of a kind that does not go on: whose it is, how many, and what was said last."""

    complaint: Complaint
    whose: str
    count: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of an account.

    ``here`` is the instance that is asked and ``keeper`` the one that has it. ``tables`` are the host
    tables that can not be read, each with why. ``stuck`` are deliveries and acts of guards.
    """

    registration: Registration
    condition: Condition
    counting: Counting
    here: str = ""
    keeper: Keeper | None = None
    is_running: bool = True
    tables: Mapping[str, str] = field(default_factory=dict)
    stuck: Sequence[Stuck] = ()


def findings(case: Case) -> Iterator[Finding]:
    """Yield what is to be said, in the order in which things have to be well."""
    yield _owner(case)
    yield _state(case)
    health = case.condition.health
    if health is not None and health.state is AccountState.CONNECTED and health.held is not None:
        yield _complaint("consent", Complaint.UNREAD, health.held)
    if health is not None and health.error is not None and health.error.startswith(PROBE):
        yield _complaint("canary", Complaint.CANARY, health.error)
    yield _completeness(case.counting)
    if case.registration.origin is Origin.TABLE:
        yield from _tables(case.tables)
    yield from _stuck("deliveries", case.stuck, _OF_DELIVERIES)
    yield from _stuck("guards", case.stuck, _OF_GUARDS)


#: In the order in which they are told.
_OF_DELIVERIES: Final = (
    Complaint.ENDPOINT_DISABLED,
    Complaint.DELIVERY_GIVEN_UP,
    Complaint.DELIVERY_FAILING,
)
_OF_GUARDS: Final = (Complaint.GUARD_FAILED, Complaint.GUARD_STUCK)


def _owner(case: Case) -> Finding:
    if not case.is_running:
        return _complaint("owner", Complaint.NOT_RUNNING, "no service runs on this state")
    keeper = case.keeper
    if keeper is None:
        return _complaint("owner", Complaint.UNOWNED, "no instance has it at the moment")
    if not keeper.is_alive:
        return _complaint("owner", Complaint.OWNER_GONE, f"{keeper.instance} had it, and is gone")
    if keeper.instance == case.here:
        return _fine("owner", "it is watched by this instance")
    at = f" at {keeper.address}" if keeper.address else ""
    return _fine("owner", f"it is watched by the instance {keeper.instance}{at}; its log is there")


def _state(case: Case) -> Finding:
    found = case.condition
    said = f": {found.reason[:SAID]}" if found.reason else ""
    return Finding(
        check="state",
        outcome=_OUTCOMES.get(found.state, CheckOutcome.WARNING),
        seconds=0.0,
        detail=f"{found.state.value}{said}",
        remedy="" if found.state is State.LIVE else remedy_of(case.registration, found),
    )


def remedy_of(registration: Registration, found: Condition) -> str:
    """Return what a person does about the state that an account is in."""
    if not registration.active:
        return INACTIVE
    if registration.pause is not None:
        return PAUSES[registration.pause]
    health = found.health
    if health is not None and health.trouble is not None and found.state in _BY_TROUBLE:
        return _of_trouble(health.trouble)
    return STATES[found.state]


#: The states in which the class of the failure says more than the state does.
_BY_TROUBLE: Final = frozenset({State.CONNECTING, State.DEGRADED, State.AUTH_FAILED, State.PAUSED})


def _of_trouble(trouble: Trouble) -> str:
    return REMEDIES[trouble.value]


def _completeness(counting: Counting) -> Finding:
    missing = [each for each in counting.days if each.missing]
    if missing:
        days = ", ".join(
            f"{each.folder} {each.day}: {each.missing} of {each.server}" for each in missing[:NAMED]
        )
        return _complaint("completeness", Complaint.GAP, f"not told of when counted last: {days}")
    if counting.is_complete is None:
        folders = ", ".join(counting.uncounted[:NAMED]) or "no folder is watched yet"
        return _complaint("completeness", Complaint.UNCOUNTED, f"not counted yet: {folders}")
    told = sum(each.ledger for each in counting.days)
    return _fine("completeness", f"{told} messages of the last days were counted, and all told of")


def _tables(troubles: Mapping[str, str]) -> Iterator[Finding]:
    for name, why in sorted(troubles.items()):
        yield _complaint("host table", Complaint.TABLE, f"{name}: {why[:SAID]}")
    if not troubles:
        yield _fine("host table", "it was read when it was due")


def _stuck(check: str, stuck: Sequence[Stuck], kinds: Sequence[Complaint]) -> Iterator[Finding]:
    is_well = True
    for kind in kinds:
        of_kind = [each for each in stuck if each.complaint is kind]
        for each in of_kind[:NAMED]:
            is_well = False
            said = f": {each.said[:SAID]}" if each.said else ""
            yield _complaint(check, kind, f"{each.whose}, {each.count}{said}")
    if is_well:
        yield _fine(check, "nothing is held up")


def _complaint(check: str, kind: Complaint, detail: str) -> Finding:
    return Finding(
        check=check,
        outcome=CheckOutcome.WARNING,
        seconds=0.0,
        detail=detail,
        remedy=COMPLAINTS[kind],
    )


def _fine(check: str, detail: str) -> Finding:
    return Finding(check=check, outcome=CheckOutcome.OK, seconds=0.0, detail=detail)
