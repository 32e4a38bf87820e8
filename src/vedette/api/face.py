"""The API of an engine that runs: put together once the engine has started, gone before it stops.

It is the only module of the API that knows the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace

import structlog

from vedette.api.assembly import Filed, Ground, assembled
from vedette.api.frame import build
from vedette.api.server import ApiServer
from vedette.api.services import Services
from vedette.app.doctor import diagnose
from vedette.app.engine import Engine
from vedette.app.lending import Lending
from vedette.app.measuring import OLDEST
from vedette.app.outlook import Outlook
from vedette.app.trying import Trying
from vedette.config.environment import host_name
from vedette.config.settings import AccountSettings, Settings
from vedette.engine.part import Part
from vedette.engine.supervisor import Supervisor
from vedette.engine.tap import Transcript
from vedette.errors import VedetteError
from vedette.model.account import Account, AccountState, Health
from vedette.model.ids import AccountId
from vedette.ownership.shard import InstanceId
from vedette.ports.link import Target
from vedette.ports.ownership import Keeper
from vedette.ports.token import Tokens
from vedette.secret import Secret
from vedette.service.accounts.tenants import Tenants
from vedette.service.caller import admin
from vedette.service.doctor.doctor import Finding
from vedette.service.endpoints.filed import FiledEndpoints
from vedette.service.endpoints.outgoing import Ways
from vedette.service.guards.filed import FiledGuards
from vedette.service.guards.warding import Wards
from vedette.service.refusals import NotHereError, NotRunningError
from vedette.service.running import Ownership

_log = structlog.stdlib.get_logger(__name__)


class Face(Part):
    """Serves the API. ``leaving`` tells whether the service is draining.

    ``announce`` is told the key of the first admin, once in the life of a state.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        announce: Callable[[Secret[str]], None],
        leaving: Callable[[], bool],
    ) -> None:
        super().__init__("api")
        self._engine = engine
        self._announce = announce
        self._view = EngineView(engine, leaving)
        self._server: ApiServer | None = None
        self._services: Services | None = None

    @property
    def port(self) -> int | None:
        """The port that is served, or None."""
        return None if self._server is None else self._server.port

    async def apply(self, settings: Settings) -> None:
        """Serve by other settings, as far as that goes without another start (``config.api``)."""
        if self._services is not None and self._server is not None:
            self._services.go_over(settings.api)
            self._server.renew(settings.api.certificate)

    async def _open(self) -> None:
        engine = self._engine
        ground = Ground(
            state=engine.store,
            vault=await engine.vault(),
            clock=engine.clock,
            running=self._view,
            examine=self._examine,
            elsewhere=engine.elsewhere,
            transport=engine.granting.transport,
            entrance=Lending(engine),
            ways=Ways(dispatch=engine.redelivery, attempt=Trying(engine.clock)),
            wards=Wards(desk=engine.desk, state=engine.settings.state),
            filed=_filed(engine),
            is_sole=engine.cluster is None,
        )
        self._services = services = assembled(ground, engine.settings.api)
        await services.mailboxes.start()
        self.spawn(services.accounts.searching.clerk.follow(), "roll")
        self.spawn(self._recover(services.tenants), "recover")
        self._server = ApiServer(build(services), engine.settings.api, engine.settings.state)
        await self._server.start()
        # Not before it is served: a key that nobody can use is not shown, and not used up.
        first = await services.keys.first()
        if first is not None:
            self._announce(first)

    async def _close(self) -> None:
        if self._services is not None:
            # Who waits for events is answered first: a stop waits for answers under way.
            await self._services.feed.stop()
        if self._server is not None:
            await self._server.stop()
        if self._services is not None:
            await self._services.mailboxes.stop()

    async def _recover(self, tenants: Tenants) -> None:
        """Go on with limits and deletions that a crash cut off; the next start tries again."""
        try:
            await tenants.recover(admin("start"))
        except VedetteError as error:
            _log.warning("tenants.not_recovered", error=str(error))

    async def _examine(
        self, account: Account, target: Target, tokens: Tokens | None
    ) -> AsyncIterator[Finding]:
        """Try an account out with the network of the engine, and none of its state."""
        settings = replace(
            self._engine.settings, accounts=(AccountSettings(account=account, target=target),)
        )
        async with aclosing(diagnose(settings, tokens=tokens)) as findings:
            async for finding in findings:
                yield finding


class EngineView:
    """The engine as the API sees it (``service.running``)."""

    is_running = True

    def __init__(self, engine: Engine, leaving: Callable[[], bool]) -> None:
        self._engine = engine
        self._leaving = leaving
        notices = None if engine.cluster is None else engine.cluster.notices
        self._outlook = Outlook(self._own, notices)

    @property
    def lag(self) -> float:
        """How late the loop was when it was last measured (``app.measuring``)."""
        return self._engine.tower.lag

    @property
    def is_ready(self) -> str | None:
        """Say that the service is draining."""
        return "the service is draining" if self._leaving() else None

    async def healths(self) -> Outlook:
        """Return how accounts are doing, those of others up to some seconds ago."""
        await self._outlook.refresh()
        return self._outlook

    def ownership(self) -> Ownership:
        """Return what this instance carries."""
        store, cluster = self._engine.settings.store, self._engine.cluster
        healths = self._engine.healths
        return Ownership(
            instance=host_name() if store is None else store.instance,
            shards={} if cluster is None else {int(s): e for s, e in cluster.owner.held.items()},
            sessions=sum(each.state is AccountState.CONNECTED for each in healths),
            oldest_age=OLDEST.value(),
        )

    def tables(self) -> Mapping[str, str]:
        """Return the host tables that can not be read."""
        return self._engine.hosts.troubles

    async def keeper(self, account: AccountId) -> Keeper | None:
        """Return which instance has an account."""
        cluster = self._engine.cluster
        if cluster is None:
            return Keeper(instance=InstanceId(self.ownership().instance))
        return await cluster.keeper(account)

    async def listen(self, account: AccountId, seconds: float) -> Transcript | None:
        """Listen to an account; None where nobody watches it now."""
        tap = (await self._supervisor(account)).listen(account, seconds)
        return None if tap is None else tap.transcript()

    async def heard(self, account: AccountId) -> Transcript | None:
        """Return what was said of late."""
        tap = (await self._supervisor(account)).tap(account)
        return None if tap is None else tap.transcript()

    async def _supervisor(self, account: AccountId) -> Supervisor:
        """Return who watches an account here. Raises NotHereError, NotRunningError."""
        engine = self._engine
        if engine.supervisor is None:
            raise NotRunningError
        if engine.cluster is not None and not engine.cluster.owner.has(account):
            raise NotHereError(account, await self.keeper(account))
        return engine.supervisor

    def _own(self, account: AccountId) -> Health | None:
        supervisor = self._engine.supervisor
        return None if supervisor is None else supervisor.health(account)


def _filed(engine: Engine) -> Filed:
    """Return what the configuration file has, as it says by now."""
    return Filed(
        endpoints=FiledEndpoints(lambda: engine.settings.endpoints),
        guards=FiledGuards(lambda: engine.settings.guards),
    )
