"""The engine on a real mail server, with tokens of a real authorization server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.identity.oauth.rig import Clock, Instance
from tests.support.dovecot import Dovecot
from tests.support.memory_store import MemoryStore
from tests.support.world import PlainReader
from vedette.engine.assignment import Assignment
from vedette.engine.supervisor import Supervisor
from vedette.engine.world import World
from vedette.errors import VedetteError
from vedette.model.account import Account, Credentials, Health
from vedette.model.ids import AccountId
from vedette.net.dial import SocketDialer
from vedette.outbox.directory import Directory
from vedette.ports.link import Encryption, Target, TlsPolicy
from vedette.ports.store import EventQuery
from vedette.ports.token import Tokens
from vedette.sync.cadence import Tempo

#: What a loaded machine may need for any one step.
PATIENCE = 30.0


class Live:
    """One account, watched. ``grant`` is the marker that its credentials begin with."""

    def __init__(
        self,
        tokens: Tokens | Instance,
        account: Account,
        server: Dovecot,
        spool: Path,
        *,
        grant: str = "1",
        mechanism: str | None = None,
    ) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock)
        self.failures: list[VedetteError] = []
        self.connects = 0
        self._account = replace(account, mechanism=mechanism, folders=("INBOX",))
        self._grant = grant
        self._target = Target(
            host="localhost",
            port=server.tls_port,
            encryption=Encryption.IMPLICIT,
            policy=TlsPolicy(ca_file=str(server.ca_file)),
            private=True,
        )
        self._supervisor = Supervisor(
            World(
                dialer=SocketDialer(),
                store=self.store,
                reader=PlainReader(),
                clock=self.clock,
                # Waits are as short as their curves allow.
                dice=lambda: 0.0,
                endpoints=Directory,
                wake=lambda _endpoints: None,
                spool=str(spool),
                tempo=Tempo(proof=2.0, poll=1.0, safety=1.5, reopen=600.0, recheck=0.5),
                on_failure=self._failed,
                on_connected=self._connected,
                tokens=tokens.tokens if isinstance(tokens, Instance) else tokens,
            )
        )

    @property
    def health(self) -> Health:
        return self._supervisor.healths[0]

    def received(self) -> list[dict[str, Any]]:
        found = self.store._select(EventQuery(types=("message.received",), limit=1000))
        return [json.loads(each.body) for each in found]

    async def assign(self, grant: str) -> None:
        """Hand the account over with the marker of another consent."""
        self._grant = grant
        user = self._account.credentials.user
        account = replace(self._account, credentials=Credentials(user=user, grant=grant))
        await self._supervisor.assign([Assignment(account=account, target=self._target)])

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"no {what}: {self.failures}, {self.health}")
            await asyncio.sleep(0.01)

    async def until_connected(self, times: int = 1) -> None:
        await self.until(lambda: self.connects >= times, f"{times} connects")

    async def __aenter__(self) -> Self:
        await self.store.start()
        await self._supervisor.start()
        await self.assign(self._grant)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._supervisor.stop()

    def _failed(self, _account: AccountId, error: VedetteError) -> None:
        self.failures.append(error)

    def _connected(self, _account: AccountId) -> None:
        self.connects += 1
