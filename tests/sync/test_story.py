"""An account's own story: one table, and what holds whatever happens in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import Trouble
from vedette.model.account import AccountState, Health, Hold
from vedette.model.ids import AccountId, TenantId
from vedette.sync import story
from vedette.sync.story import TABLE, TOLD, Failure, Happening
from vedette.sync.trouble import STRIKES

HEALTH = Health(account=AccountId("a"), tenant=TenantId("t"), email="a@example.org")
REFUSED = Failure(
    error="the server answered NO to LOGIN: Invalid credentials",
    trouble=Trouble.AUTH,
    reply="Invalid credentials",
    response_code="AUTHENTICATIONFAILED",
    strikes=1,
    attempts=1,
    retry_at=130.0,
)
DROPPED = Failure(error="reset by peer", trouble=Trouble.NETWORK, attempts=2, is_lasting=True)

OF_CREDENTIALS: Final = {Trouble.AUTH, Trouble.REVOKED}
FAILURES: Final = [None, *Trouble]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens; the other fields are about some of them."""

    name: str
    trouble: Trouble | None = None
    is_lasting: bool = False
    state: AccountState = AccountState.PAUSED
    credential: str = ""
    wish: int = 0

    def __call__(self, health: Health, now: float) -> Health:
        return STEPS[self.name](self, health, now)

    @property
    def is_success(self) -> bool:
        return self.name in {"synced", "withheld"}

    @property
    def is_refusal(self) -> bool:
        return self.name == "failed" and self.trouble in OF_CREDENTIALS


def failed(step: Step, health: Health, now: float) -> Health:
    failure = Failure(error=f"at {now}", trouble=step.trouble, is_lasting=step.is_lasting)
    return story.failed(health, failure, now)


def begun(step: Step, health: Health, now: float) -> Health:
    return story.begun(
        health, credential=step.credential, reconnect=step.wish, resync=step.wish, now=now
    )


STEPS: Final[dict[str, Callable[[Step, Health, float], Health]]] = {
    "dialled": lambda _step, health, now: story.dialled(health, now),
    "logged_in": lambda _step, health, now: story.logged_in(health, now),
    "synced": lambda _step, health, now: story.synced(health, now),
    "withheld": lambda _step, health, now: story.withheld(health, "consent missing", now),
    "parked": lambda _step, health, now: story.parked(replace(health, strikes=STRIKES), now),
    "proved": lambda _step, health, now: replace(health, proof_at=now),
    "held": lambda step, health, now: story.held(health, Hold(reason="x", state=step.state), now),
    "failed": failed,
    "begun": begun,
}

HISTORIES = st.lists(
    st.builds(
        Step,
        name=st.sampled_from(sorted(STEPS)),
        trouble=st.sampled_from(FAILURES),
        is_lasting=st.booleans(),
        state=st.sampled_from([AccountState.PAUSED, AccountState.ERROR]),
        credential=st.sampled_from(["", "new"]),
        wish=st.integers(0, 2),
    ),
    max_size=30,
)


@given(HISTORIES)
def test_whatever_happens_the_story_is_honest(steps: list[Step]) -> None:
    """Connected only by a sync and with proof; refused only by a refusal; since is the last turn."""
    health = HEALTH
    for count, step in enumerate(steps):
        now = 100.0 + count
        before, health = health, step(health, now)
        if health.state is AccountState.CONNECTED:
            assert health.proof_at is not None
            assert before.state is AccountState.CONNECTED or step.is_success
        if health.state is AccountState.AUTH_FAILED:
            assert before.state is AccountState.AUTH_FAILED or step.is_refusal
            assert health.trouble in OF_CREDENTIALS
        elif before.state is AccountState.AUTH_FAILED:
            assert step.is_success or step.name in {"parked", "begun", "held"}
        assert (health.since == now) is (health.state is not before.state)


@given(HISTORIES)
def test_an_error_stays_until_a_success_takes_it_away(steps: list[Step]) -> None:
    """With its instant, which stays for good; a success is a sync, and nothing else is."""
    health = HEALTH
    for count, step in enumerate(steps):
        before, health = health, step(health, 100.0 + count)
        if before.error is not None and health.error is None:
            assert step.is_success
        assert before.error_at is None or health.error_at is not None


def test_a_dropped_line_says_nothing_about_refused_credentials() -> None:
    """Incident 36: what somebody has to read is not written over; when it is tried again is."""
    refused = story.failed(HEALTH, REFUSED, 100.0)
    dropped = story.failed(refused, DROPPED, 200.0)

    assert dropped == replace(refused, attempts=2, retry_at=None)
    assert dropped.reply == "Invalid credentials"
    assert dropped.response_code == "AUTHENTICATIONFAILED"


@pytest.mark.parametrize("happening", [Happening.BEGUN, Happening.DIALLED, Happening.LOGGED_IN])
def test_a_restart_of_a_connected_account_is_no_disconnect(happening: Happening) -> None:
    """Incident 35: nor is a handover, nor a login that follows on a passing drop."""
    assert story.after(AccountState.CONNECTED, happening) is AccountState.CONNECTED


def test_a_wish_to_look_anew_shows_that_it_is_looked() -> None:
    """Incident 34: syncing, until the sync that fulfils the wish is done; not disconnected."""
    connected = story.synced(HEALTH, 100.0)
    begun = story.begun(connected, credential="", reconnect=0, resync=1, now=200.0)

    assert begun.state is AccountState.SYNCING
    assert story.logged_in(begun, 201.0).state is AccountState.SYNCING
    assert story.synced(begun, 202.0).state is AccountState.CONNECTED


@pytest.mark.parametrize("state", [AccountState.AUTH_FAILED, AccountState.PAUSED])
@pytest.mark.parametrize("wish", [{"credential": "new"}, {"reconnect": 1}])
def test_new_credentials_and_a_reconnect_are_another_try(
    state: AccountState, wish: dict[str, str | int]
) -> None:
    """Incident 37: with all strikes forgiven, and with the error until it proves itself over."""
    health = replace(HEALTH, state=state, strikes=STRIKES, error="Invalid credentials")
    values = {"credential": "", "reconnect": 0, **wish}

    begun = story.begun(
        health,
        credential=str(values["credential"]),
        reconnect=int(values["reconnect"]),
        resync=0,
        now=5.0,
    )

    assert begun.state is AccountState.CONNECTING
    assert (begun.strikes, begun.error) == (0, "Invalid credentials")


def test_who_was_parked_stays_so_over_a_restart() -> None:
    """Three strikes are three in all; nothing has changed that could help."""
    parked = story.parked(replace(HEALTH, strikes=STRIKES), 1.0)

    again = story.begun(parked, credential="", reconnect=0, resync=0, now=2.0)

    assert (again.state, again.strikes) == (AccountState.PAUSED, STRIKES)


def test_what_was_told_is_not_told_again() -> None:
    """A state on the way is no news; the way back to what was told last is none either."""
    connected = story.synced(HEALTH, 100.0)
    assert story.news(connected) is AccountState.CONNECTED
    told = replace(connected, told=AccountState.CONNECTED)
    resynced = story.begun(told, credential="", reconnect=0, resync=1, now=200.0)

    assert story.news(resynced) is None
    assert story.news(story.synced(resynced, 300.0)) is None
    assert story.news(story.held(told, Hold(reason="by hand"), 400.0)) is AccountState.PAUSED


def test_the_table_speaks_of_states_that_there_are() -> None:
    """Each row leads from states to states, and what is told is a word that consumers know."""
    assert set(TABLE) == set(Happening)
    assert {to for row in TABLE.values() for to in row.values()} <= set(AccountState)
    assert set(TOLD.values()) == {
        AccountState.CONNECTED,
        AccountState.DEGRADED,
        AccountState.AUTH_FAILED,
        AccountState.PAUSED,
    }
