"""This instance among those on one database: its folder, its table, its owner.

It knows in which order they start and stop, and nothing of what they decide.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

from vedette.app.clock import uptime
from vedette.app.state import postgres
from vedette.config.api import ApiSettings
from vedette.config.environment import host_name
from vedette.config.settings import Settings, StoreSettings
from vedette.engine.assignment import Assignment
from vedette.engine.courier import Courier
from vedette.engine.owner import Owner
from vedette.engine.part import OnCrash, Part
from vedette.engine.place import Place
from vedette.engine.supervisor import Supervisor
from vedette.model.ids import AccountId
from vedette.ownership.shard import shard_of
from vedette.ports.ownership import Keeper, Notices
from vedette.store.sqlite import place

#: Seconds for handing mailboxes over at a stop. A twentieth of all shards moves in ten seconds,
#: so that the largest of four instances is done; service managers have to allow it more.
HAND_OVER = 100.0


class Cluster(Part):
    """One instance, from its first heartbeat to its last."""

    def __init__(
        self, store: StoreSettings, settings: Settings, *, on_crash: OnCrash | None = None
    ) -> None:
        super().__init__("cluster", on_crash=on_crash)
        # What stays on this machine, such as the socket for commands, is of one process, too.
        self._folder = place.Place(settings.state, has_database=False)
        self._table = postgres("ownership").PostgresOwnership(store.url)
        #: What all instances noted of accounts.
        self.notices: Notices = self._table
        here = Place(
            name=store.instance,
            weight=store.weight,
            rate=settings.logins,
            address=address_of(settings.api),
        )
        self.owner = Owner(here, self._table, now=uptime, on_crash=on_crash)

    async def keeper(self, account: AccountId) -> Keeper | None:
        """Return which instance has an account; None while none does. Raises StoreError."""
        found: Keeper | None = await self._table.owner(shard_of(account))
        return found

    def hold(self) -> None:
        """Hold the state folder, before anything in it is touched. Raises StoreUnwritableError."""
        self._folder.take()

    def release(self) -> None:
        """Let another process have the folder, when nothing in it is used any more."""
        self._folder.release()

    async def _open(self) -> None:
        await self._table.start()
        await self.owner.start()

    async def _close(self) -> None:
        await self.owner.stop()
        await self._table.stop()


def address_of(api: ApiSettings) -> str:
    """Return the URL at which other machines find an API; empty where it is for this one alone.

    One that listens on all addresses goes by the name of its machine.
    """
    if not api.enabled or api.is_loopback or not api.port:
        return ""
    here = ip_address(api.host)
    host = host_name() if here.is_unspecified else str(here)
    spelled = f"[{host}]" if ":" in host else host
    return f"http{'' if api.certificate is None else 's'}://{spelled}:{api.port}"


class Divided:
    """The supervisor as an owner sees it; what it is told of the others, the courier is told too.

    A rate of an endpoint is what all instances send there together, as that of a host is.
    """

    def __init__(self, supervisor: Supervisor, courier: Courier) -> None:
        self._supervisor = supervisor
        self._courier = courier

    @property
    def waiting(self) -> int:
        """How many mailboxes are not logged in yet."""
        return self._supervisor.waiting

    async def assign(self, assignments: Collection[Assignment]) -> None:
        """Watch these accounts and no others."""
        await self._supervisor.assign(assignments)

    async def change(
        self, assignments: Collection[Assignment], gone: Collection[AccountId]
    ) -> None:
        """Watch these accounts as they are now, those that are gone no more, all others on."""
        await self._supervisor.change(assignments, gone)

    def share(self, instances: int) -> None:
        """Log in and deliver at so large a part of the rates."""
        self._supervisor.share(instances)
        self._courier.share(instances)
