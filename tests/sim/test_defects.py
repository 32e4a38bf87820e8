"""Every planted defect is caught: a check that nothing can break shows nothing."""

from __future__ import annotations

import gc

import pytest

from tests.sim.campaign import HUNTED, hunted
from tests.sim.defects import DEFECTS


# One that shows late takes a quarter of a minute alone on a machine.
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_a_planted_defect_is_caught(name: str) -> None:
    """The checker notices within a bounded number of seeds that fail of nothing else."""
    caught = hunted(name, first=1)
    gc.collect()
    assert caught is not None, f"{DEFECTS[name].about}: not caught in {HUNTED} seeds"
