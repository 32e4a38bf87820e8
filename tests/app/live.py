"""A whole engine on a state of its own, with the use cases that people change it through.

Must not know: what a test asks for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.app.settings import PORT, service
from tests.support.office import ADMIN, KEY, Desk, wish
from vedette.app.engine import Engine
from vedette.config.settings import StoreSettings
from vedette.engine.watcher import Watcher
from vedette.identity.keysource import FILE
from vedette.model.account import AccountState, Health
from vedette.model.ids import AccountId, TenantId
from vedette.ports.registration import Registration
from vedette.ports.source import Source

#: Through the API a change is live within a second; a loaded machine gets more.
PATIENCE = 20.0

ACME = TenantId("acme")


def keyed(state: Path) -> None:
    """Have a state under the key of the desk."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = state / FILE
    file.touch(mode=0o600)
    file.write_text(KEY.hex())


class Live:
    """An engine that runs, and a desk on the same state."""

    def __init__(
        self,
        folder: Path,
        accounts: Sequence[str] = (),
        sources: Sequence[Source] = (),
        store: StoreSettings | None = None,
    ) -> None:
        settings = replace(service(folder, accounts), store=store)
        self.engine = Engine(settings, sources=sources)
        self.desk = Desk(self.engine.store.records, self.engine.store, self.engine.clock)
        keyed(settings.state)

    async def register(self, id_: str, **members: Any) -> Registration:
        """Register an account on a server that is down."""
        where = {"host": "127.0.0.1", "port": PORT, "encryption": "plain", "private": True}
        form = wish(**{"email": f"{id_}@example.org", **where, **members})
        return await self.desk.accounts.create(ADMIN, form, id_=id_, tenant=ACME)

    def watcher(self, id_: str) -> Watcher | None:
        assert self.engine.supervisor is not None
        return self.engine.supervisor._watchers.get(AccountId(id_))

    def health(self, id_: str) -> Health | None:
        assert self.engine.supervisor is not None
        return self.engine.supervisor.health(AccountId(id_))

    def state(self, id_: str) -> AccountState | None:
        health = self.health(id_)
        return None if health is None else health.state

    def password(self, id_: str) -> str | None:
        """Return what an account logs in with, as the engine has it now."""
        found = self.engine.registered.account(AccountId(id_))
        password = None if found is None else found.account.credentials.password
        return None if password is None else password.reveal()

    @property
    def watched(self) -> list[str]:
        """The accounts that are watched, or held."""
        return sorted(health.account for health in self.engine.healths)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something is so; nobody but the engine tells."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(
                    f"not within {PATIENCE:g} s: {what}; {self.engine.healths[:5]}"
                )
            await asyncio.sleep(0.01)

    async def until_watched(self, *ids: str) -> None:
        await self.until(lambda: self.watched == sorted(ids), f"{ids} watched")
