"""The use cases over a state in memory."""

from __future__ import annotations

import pytest

from tests.support.office import Office, office


@pytest.fixture(name="office")
async def _office() -> Office:
    return await office()
