"""What can honestly be said of an account: proof counts, a flag does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vedette.model.account import AccountState, Health
from vedette.model.delivery import EndpointState
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.service.accounts.status import LIVE, Liveness, liveness, rows, troubles

NOW = 10_000.0
HEALTH = Health(account=AccountId("b"), tenant=TenantId("t"), email="b@example.org")


@pytest.mark.parametrize(
    ("proof_at", "said"),
    [
        (NOW, Liveness.LIVE),
        (NOW - LIVE, Liveness.LIVE),
        (NOW - LIVE - 1, Liveness.SILENT),
        (None, Liveness.SILENT),
    ],
)
def test_connected_is_live_only_while_it_is_proven(proof_at: float | None, said: Liveness) -> None:
    """A round trip within the last five minutes, or it is silent."""
    health = replace(HEALTH, state=AccountState.CONNECTED, proof_at=proof_at)

    assert liveness(health, now=NOW, running=True) is said


@pytest.mark.parametrize("state", AccountState)
def test_nothing_is_live_where_no_service_runs(state: AccountState) -> None:
    """The state of a dead service is a memory."""
    health = replace(HEALTH, state=state, proof_at=NOW)

    assert liveness(health, now=NOW, running=False) is Liveness.STOPPED


def test_rows_are_in_the_order_of_accounts_and_no_age_is_negative() -> None:
    """A clock that was set back makes nothing happen in the future."""
    other = replace(HEALTH, account=AccountId("a"), proof_at=NOW + 5)

    found = rows([HEALTH, other], now=NOW, running=True, waiting={"b": ["b is taken out"]})

    assert [row.waiting for row in found] == [(), ("b is taken out",)]
    assert [row.account for row in found] == ["a", "b"]
    assert (found[0].proof_age, found[1].proof_age) == (0.0, None)


def test_endpoints_that_take_nothing_are_named_with_the_reason() -> None:
    """One that works is not, and one that left the configuration is not either."""
    states = [
        EndpointState(id=EndpointId("gone"), disabled_at=60.0, disabled_reason="HTTP 410"),
        EndpointState(id=EndpointId("failing"), failing_since=120.0, failures=7),
        EndpointState(id=EndpointId("well"), delivered_at=5.0),
    ]
    gone = "endpoint gone is disabled since 1970-01-01T00:01:00.000Z: HTTP 410"
    failing = "endpoint failing takes nothing since 1970-01-01T00:02:00.000Z: 7 in a row"

    assert troubles(states, None) == [gone, failing]
    assert troubles(states, ["well", "failing"]) == [failing]
