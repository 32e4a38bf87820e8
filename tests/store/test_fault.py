"""A store says of itself that it takes no writes, until one is done or nobody has tried for long."""

from __future__ import annotations

import pytest

from vedette.errors import StoreError, StoreFullError, StoreUnwritableError
from vedette.store import fault
from vedette.store.fault import STANDS, Fault


@pytest.mark.parametrize("error", [StoreFullError("full"), StoreUnwritableError("read-only")])
def test_a_store_that_takes_nothing_says_so_until_it_takes_something(error: StoreError) -> None:
    """What was wrong with one write alone does not count."""
    found = Fault()
    assert found.standing() is None

    found.note([None, error, StoreError("a value can not be stored")])
    told = found.standing()
    assert (type(told), str(told)) == (type(error), str(error))
    found.note([None])
    assert found.standing() is None


def test_a_failure_that_nobody_has_met_again_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who is not ready is asked nothing, and never ready again."""
    at = 1_000.0
    monkeypatch.setattr(fault, "monotonic", lambda: at)
    found = Fault()
    found.note([StoreFullError("full")])

    at += STANDS
    assert found.standing() is not None
    at += 0.1
    assert found.standing() is None
