"""How an account is doing, in a row that older instances read and write as well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vedette.errors import StoreError, Trouble
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId, TenantId
from vedette.store.rows.health import COLUMNS, check, columns, health_of

HEALTH = Health(
    account=AccountId("anna"),
    tenant=TenantId("acme"),
    email="anna@example.org",
    state=AccountState.SYNCING,
    told=AccountState.CONNECTED,
    since=10.0,
    proof_at=11.0,
    work_at=12.0,
    error_at=13.0,
    error="the server answered NO",
    trouble=Trouble.AUTH,
    reply="Invalid credentials",
    response_code="AUTHENTICATIONFAILED",
    held="by hand",
    lag=0.5,
    attempts=3,
    retry_at=14.0,
    strikes=2,
    credential="ab",
    reconnect=4,
    resynced=5,
)


def written_by_an_older_one(row: dict[str, object], **values: object) -> list[object]:
    """Return a row over which an instance wrote that knows only the first columns."""
    return list({**row, **values}.values())


def row_of(health: Health) -> dict[str, object]:
    return dict(zip(COLUMNS, columns(health), strict=True))


def test_a_row_says_all_that_was_written() -> None:
    """Both ways, with nothing left out."""
    assert health_of(columns(HEALTH)) == HEALTH


def test_an_older_instance_reads_a_state_that_it_knows() -> None:
    """What was told of last: the states on the way are none of its words."""
    assert row_of(HEALTH)["state"] == "connected"


def test_what_an_older_instance_wrote_last_counts() -> None:
    """It knows nothing of the finer state, which then says what was before."""
    row = written_by_an_older_one(row_of(HEALTH), state="auth_failed", since=20.0)

    found = health_of(row)

    assert (found.state, found.told) == (AccountState.AUTH_FAILED, AccountState.AUTH_FAILED)
    assert found.held is None


def test_a_heartbeat_of_an_older_instance_takes_no_state_away() -> None:
    """It writes the instants; the state was not entered anew."""
    row = written_by_an_older_one(row_of(HEALTH), proof_at=99.0)

    assert health_of(row) == replace(HEALTH, proof_at=99.0)


def test_a_row_from_before_there_was_more_is_read() -> None:
    """As the upgrade leaves it: nothing in the new columns but what they begin with."""
    old = {**row_of(HEALTH), "state": "paused", "stage": None, "stage_since": None}

    assert health_of(list(old.values())).state is AccountState.PAUSED


@pytest.mark.parametrize("bad", [{"lag": float("nan")}, {"account": AccountId("\udcff")}])
def test_what_no_store_can_keep_is_refused_at_once(bad: dict[str, object]) -> None:
    """Not when its turn comes, together with the notes of others."""
    with pytest.raises(StoreError):
        check(replace(HEALTH, **bad))  # type: ignore[arg-type]
