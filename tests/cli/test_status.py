"""``vedette status``: what is wrong with an endpoint stands below the accounts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.store.bundle import StillClock
from tests.support.service import vedette
from vedette.model.delivery import EndpointState
from vedette.model.ids import EndpointId
from vedette.store.sqlite.store import SqliteStore


def test_an_endpoint_that_is_disabled_shows_as_long_as_it_is_configured(tmp_path: Path) -> None:
    """Its reason is plain text, whatever the endpoint said; one that was taken out is no news."""

    async def disable(*names: str) -> None:
        store = SqliteStore(tmp_path / "state", StillClock())
        await store.start()
        for name in names:
            state = EndpointState(
                id=EndpointId(name), disabled_at=60.0, disabled_reason="HTTP 410: \x1b[2J bye"
            )
            await store.note_endpoint(state)
        await store.stop()

    asyncio.run(disable("helpdesk", "former"))
    config = tmp_path / "vedette.toml"
    config.write_text(f'state = "{tmp_path / "state"}"\n[endpoints.helpdesk]\ntype = "stdout"\n')

    ended = vedette("status", "--config", str(config), env={"COLUMNS": "200"})

    assert ended.status == 0
    assert "endpoint helpdesk is disabled since 1970-01-01T00:01:00.000Z: HTTP 410" in ended.out
    assert "former" not in ended.out
    assert "\x1b" not in ended.out
