"""Whatever can be the matter with an account, the doctor says it and what helps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pytest

from vedette.cli.main import build
from vedette.engine.canary import PROBE
from vedette.errors import Trouble
from vedette.model.account import Account, AccountState, Credentials, Health
from vedette.model.ids import AccountId, TenantId
from vedette.ownership.shard import InstanceId
from vedette.ports.completeness import DayCount
from vedette.ports.link import Target
from vedette.ports.ownership import Keeper
from vedette.ports.registration import Origin, Pause, Registration
from vedette.service.accounts.condition import State, condition
from vedette.service.accounts.counting import Counting
from vedette.service.diagnosis.chart import (
    COMPLAINTS,
    INACTIVE,
    PAUSES,
    STATES,
    Case,
    Complaint,
    Stuck,
    findings,
)
from vedette.service.doctor.doctor import REMEDIES, CheckOutcome, Finding

NOW = 1_000.0
BOX = AccountId("box")
ACCOUNT = Account(id=BOX, tenant=TenantId("t"), email="a@e.org", credentials=Credentials(user="a"))
REGISTERED = Registration(
    account=ACCOUNT, target=Target(host="imap.e.org", port=993), origin=Origin.API
)
WELL = Health(
    account=BOX,
    tenant=TenantId("t"),
    email="a@e.org",
    state=AccountState.CONNECTED,
    since=NOW,
    proof_at=NOW,
)
COUNT = DayCount(
    account=BOX,
    path=b"INBOX",
    folder="INBOX",
    day=date(2026, 11, 21),
    server=5,
    ledger=5,
    owed=0,
    missing=0,
    checked_at=NOW,
)
HERE = Keeper(instance=InstanceId("one"))


def case(
    health: Health | None = WELL,
    registration: Registration = REGISTERED,
    **more: object,
) -> Case:
    """Return a case in which all is well, but for what is given."""
    given: dict[str, object] = {"counting": Counting(days=(COUNT,)), "here": "one", "keeper": HERE}
    return Case(
        registration=registration,
        condition=condition(registration, health, now=NOW),
        **{**given, **more},  # type: ignore[arg-type]
    )


def told(of: Case) -> dict[str, Finding]:
    """Return what is found, by the check; where there are several, the first."""
    found: dict[str, Finding] = {}
    for each in findings(of):
        found.setdefault(each.check, each)
    return found


def bad(of: Case) -> list[Finding]:
    return [each for each in findings(of) if each.outcome is not CheckOutcome.OK]


def test_of_an_account_that_is_well_nothing_is_to_be_done() -> None:
    """Everything was looked at, and says so."""
    found = list(findings(case()))

    assert [each.check for each in found] == [
        "owner", "state", "completeness", "deliveries", "guards",
    ]  # fmt: skip
    assert {each.outcome for each in found} == {CheckOutcome.OK}
    assert {each.remedy for each in found} == {""}


@pytest.mark.parametrize("state", AccountState)
def test_every_state_of_a_watch_has_a_remedy(state: AccountState) -> None:
    """The server's own words stand beside it; only of one that is live there is none."""
    health = replace(WELL, state=state, error="NO: not today")
    found = told(case(health))["state"]

    assert bool(found.remedy) is (state is not AccountState.CONNECTED)
    if state not in {AccountState.CONNECTED, AccountState.INIT}:
        assert "not today" in found.detail


@pytest.mark.parametrize("trouble", Trouble)
def test_every_class_of_failure_has_a_remedy_of_its_own(trouble: Trouble) -> None:
    """A consent that was withdrawn is another matter than a wrong password."""
    refused = trouble in {Trouble.AUTH, Trouble.REVOKED}
    state = AccountState.AUTH_FAILED if refused else AccountState.DEGRADED
    found = told(case(replace(WELL, state=state, trouble=trouble, error="NO")))["state"]

    assert found.remedy == REMEDIES[trouble.value]
    assert found.outcome is (CheckOutcome.FAILED if refused else CheckOutcome.WARNING)


@pytest.mark.parametrize("pause", Pause)
def test_every_pause_has_a_remedy_of_its_own(pause: Pause) -> None:
    """Also where nobody ever watched: a plan's limit, a tenant, a consent, a hand, a login."""
    found = told(case(None, replace(REGISTERED, pause=pause)))["state"]

    assert found.remedy == PAUSES[pause]
    assert len(set(PAUSES.values())) == len(Pause)


def test_one_that_is_switched_off_says_where_it_is_switched_on() -> None:
    """Whatever else is the matter with it."""
    found = told(case(None, replace(REGISTERED, active=False, pause=Pause.MANUAL)))["state"]

    assert (found.detail, found.remedy) == ("paused: it is not active", INACTIVE)


def stuck(complaint: Complaint) -> list[Stuck]:
    return [Stuck(complaint=complaint, whose="desk", count=3, said="503")]


#: What is known where each complaint is to be heard, and under which check.
KNOWN: dict[Complaint, tuple[str, Case]] = {
    Complaint.NOT_RUNNING: ("owner", case(is_running=False)),
    Complaint.UNOWNED: ("owner", case(keeper=None)),
    Complaint.OWNER_GONE: ("owner", case(keeper=replace(HERE, is_alive=False))),
    Complaint.UNREAD: ("consent", case(replace(WELL, held="consent missing"))),
    Complaint.CANARY: (
        "canary",
        case(replace(WELL, state=AccountState.DEGRADED, error=f"{PROBE} was put into INBOX")),
    ),
    Complaint.GAP: ("completeness", case(counting=Counting(days=(replace(COUNT, missing=2),)))),
    Complaint.UNCOUNTED: ("completeness", case(counting=Counting(uncounted=("Sent",)))),
    Complaint.TABLE: (
        "host table",
        case(
            registration=replace(REGISTERED, origin=Origin.TABLE), tables={"crm": "no such column"}
        ),
    ),
    Complaint.ENDPOINT_DISABLED: ("deliveries", case(stuck=stuck(Complaint.ENDPOINT_DISABLED))),
    Complaint.DELIVERY_FAILING: ("deliveries", case(stuck=stuck(Complaint.DELIVERY_FAILING))),
    Complaint.DELIVERY_GIVEN_UP: ("deliveries", case(stuck=stuck(Complaint.DELIVERY_GIVEN_UP))),
    Complaint.GUARD_STUCK: ("guards", case(stuck=stuck(Complaint.GUARD_STUCK))),
    Complaint.GUARD_FAILED: ("guards", case(stuck=stuck(Complaint.GUARD_FAILED))),
}  # fmt: skip


@pytest.mark.parametrize("complaint", Complaint)
def test_every_complaint_is_heard_with_its_remedy(complaint: Complaint) -> None:
    """And each has words of its own."""
    check, known = KNOWN[complaint]
    found = told(known)[check]

    assert (found.outcome, found.remedy) == (CheckOutcome.WARNING, COMPLAINTS[complaint])
    assert found.detail
    assert "\n" not in found.detail + found.remedy
    assert len(set(COMPLAINTS.values())) == len(Complaint)


def test_no_table_of_remedies_has_a_hole() -> None:
    """What is added is said, or this fails."""
    assert set(STATES) == set(State)
    assert set(PAUSES) == set(Pause)
    assert set(COMPLAINTS) == set(Complaint) == set(KNOWN)
    assert {each.value for each in Trouble} <= set(REMEDIES)
    assert all([*STATES.values(), *PAUSES.values(), *COMPLAINTS.values(), *REMEDIES.values()])


def test_what_another_instance_has_is_said_with_its_address() -> None:
    """That is no trouble, and tells where its log is."""
    found = told(case(keeper=Keeper(instance=InstanceId("two"), address="http://two:8025")))

    assert found["owner"].outcome is CheckOutcome.OK
    assert "the instance two at http://two:8025" in found["owner"].detail


def test_what_others_said_is_a_line_and_no_more() -> None:
    """A server may write megabytes, and an endpoint too."""
    long = [
        Stuck(complaint=Complaint.GUARD_FAILED, whose=f"g{n}", count=1, said="x" * 10_000)
        for n in range(50)
    ]
    found = bad(case(replace(WELL, state=AccountState.DEGRADED, error="y" * 10_000), stuck=long))

    assert len(found) < 10
    assert max(len(each.detail) for each in found) < 300


def commands(texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the commands that texts name: the words after "vedette", up to an option."""
    for text in texts:
        for words in re.findall(r"vedette ((?:[a-z]+ ?){1,2})", text):
            yield tuple(words.split())


def test_every_command_that_a_remedy_names_is_there() -> None:
    """A remedy that can not be typed is none."""
    remedies = [*STATES.values(), *PAUSES.values(), *COMPLAINTS.values(), INACTIVE]
    named = set(commands(remedies))
    app = build(whole=True)

    assert ("accounts", "resume") in named
    for words in named:
        at = app
        for word in words:
            at = at[word]
