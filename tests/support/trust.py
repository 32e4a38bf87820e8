"""What a host holds guards to, over a store in memory and a clock that a test sets.

Must not know: what a test asks for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.memory_store import MemoryStore
from vedette.app.guards.protection import insist
from vedette.app.guards.trusting import State, Trusting
from vedette.config.settings import AccountSettings, GuardSettings
from vedette.engine.guarding import Guarding, Mode, Post
from vedette.guard.judging import Guard
from vedette.guard.reading.pack import read_pack
from vedette.model.account import Account, Credentials
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.outbox.directory import Directory
from vedette.ports.link import Encryption, Target
from vedette.ports.store import EventQuery, Fence
from vedette.secret import Secret

HOUR = 3_600.0
DAY = 24 * HOUR
#: A Tuesday in November 2023.
START = 1_700_000_000.0
PARTNER = EndpointId("friend")
SECRET = "a secret between friends"
KEY = Secret("the key of this installation")

#: A protective pack; its threshold is what tests raise and lower.
TEXT = """\
guard: parlour
kind: protective
lock: {{loosen_delay: {delay}, partner_can_expedite: true, consent: {consent}}}
lists:
  own: {{entries: [lucky.example, casino.example]}}
symbols:
  FROM_LISTED: {{stage: head, where: [from], in_list: own, score: 6}}
actions:
  quarantine: {{move: Guard, retain: 30d}}
verdicts:
  - {{do: quarantine, at: {at}, need: FROM_LISTED}}
"""


def text(*, at: float = 5, delay: str = "24h", consent: bool = False) -> str:
    """Return a pack's text."""
    return TEXT.format(at=at, delay=delay, consent=str(consent).lower())


def free() -> str:
    """Return the text of a pack that nobody locks."""
    return "\n".join(line for line in text().splitlines() if "lock" not in line).replace(
        "protective", "standard"
    )


def guard(written: str = "", *, mode: Mode = Mode.ACT, **more: Any) -> GuardSettings:
    """Return a guard of the configuration."""
    own = written or text()
    return GuardSettings(
        pack=read_pack(own, file="parlour.yaml"), text=own, base=Path("/packs"), mode=mode, **more
    )


def account(name: str = "anna", *, tenant: str = "default", **more: Any) -> AccountSettings:
    """Return an account of the configuration."""
    return AccountSettings(
        account=Account(
            id=AccountId(name),
            tenant=TenantId(tenant),
            email=f"{name}@example.org",
            credentials=Credentials(user=name, password=Secret("pass")),
            **more,
        ),
        target=Target(host="127.0.0.1", port=1, encryption=Encryption.NONE, private=True),
    )


class HandClock:
    """A wall clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> float:
        return self.time


class Host:
    """One host: its file, its clocks, and what it told."""

    def __init__(self, store: State | None = None, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        #: What a host has for itself is in memory; some share a store that is given.
        self.memory = MemoryStore(self.clock)
        self.store: State = store or self.memory
        self.guarding = Guarding()
        self.all_posted: list[GuardSettings] = []
        self.wanted: Sequence[GuardSettings] = ()
        self.accounts: Sequence[AccountSettings] = (account(),)
        self.watched: Mapping[str, AccountSettings] = {}
        self.endpoints: list[Endpoint] = []
        self.attended: list[AccountId] = []
        self.regated = 0
        #: Set when it went over to what another instance enforces.
        self.adopted = asyncio.Event()
        self.join()

    def join(self) -> None:
        """Make it anew, as after a restart."""
        self.trust = Trusting(
            self.store,
            self.guarding,
            self.clock,
            key=lambda: KEY,
            prove=self._prove,
            endpoints=lambda: Directory(self.endpoints),
            wake=_nobody,
            again=self._again,
            adopt=self._adopt,
            regate=self._regate,
            attend=self.attended.append,
            fence=Fence(),
        )

    async def read(self, *wanted: GuardSettings) -> GuardSettings | None:
        """Have a file read that says so; return what the first guard is posted with."""
        self.wanted = wanted
        await self._again()
        return self.posted

    async def change(self, **accounts: AccountSettings | None) -> None:
        """Have these accounts set so, and no others looked at; None: taken out."""
        wanted = {str(each.account.id): each for each in self.accounts} | accounts
        self.accounts = tuple(each for each in wanted.values() if each is not None)
        touched = {AccountId(name): each for name, each in accounts.items()}
        found = [each for each in accounts.values() if each is not None]
        gone = [id_ for id_, each in touched.items() if each is None]
        if not self.trust.take(found, gone):
            found, gone = await self.trust.settled(touched)
        now = {**self.watched, **{str(each.account.id): each for each in found}}
        self.watched = {name: each for name, each in now.items() if AccountId(name) not in gone}

    async def restart(self) -> None:
        """Stop, and start with the same file."""
        self.guarding = Guarding()
        self.join()
        await self.read(*self.wanted)

    async def run_for(self, seconds: float) -> None:
        """Let the service run, minute by minute, under a clock that goes as it should."""
        left = seconds
        while left > 0:
            step = min(left, 60.0)
            self.clock.time += step
            await self.store.ran(step)
            left -= step
        await self.trust.protections.look()

    async def ask(self, command: str, **more: Any) -> dict[str, Any]:
        """Ask through the desk."""
        return await self.trust.desk.handlers[command]({"command": command, **more})

    async def told(self) -> list[tuple[str, str]]:
        """Return what became of which changes, in order."""
        return [(data["change"], data["turn"]) for data in await self.events()]

    async def events(self) -> list[Mapping[str, Any]]:
        """Return the data of every ``guard.changed``, the oldest first."""
        stored = await self.store.events(EventQuery(types=("guard.changed",), limit=1_000))
        return [json.loads(each.body)["data"] for each in reversed(stored)]

    def queued(self, endpoint: EndpointId) -> list[Mapping[str, Any]]:
        """Return the events that wait to be delivered to an endpoint."""
        rows = self.memory.state.deliveries.values()
        return [json.loads(row.posting.body) for row in rows if row.endpoint == endpoint]

    async def trail(self) -> list[str]:
        """Return the audit as ``actor what``."""
        return [f"{each.actor} {each.what}" for each in await self.store.audit_trail(limit=1_000)]

    @property
    def posted(self) -> GuardSettings | None:
        """What the first guard is posted with; None where none is."""
        return self.all_posted[0] if self.all_posted else None

    async def _again(self) -> None:
        await insist(self._go_over)

    async def _go_over(self) -> None:
        self._post(await self.trust.in_force(self.wanted))
        self.watched = {
            str(each.account.id): each for each in await self.trust.watched(self.accounts)
        }

    async def _prove(self) -> None:
        """Have the one key."""

    async def _adopt(self) -> None:
        self._post(await self.trust.adopted(self.wanted))
        self.watched = {
            str(each.account.id): each for each in self.trust.still_watched(self.accounts)
        }
        self.adopted.set()

    def _post(self, settings: Sequence[GuardSettings]) -> None:
        self.all_posted = list(settings)
        self.guarding.post(post_of(each) for each in settings)

    async def _regate(self) -> None:
        self.regated += 1


@asynccontextmanager
async def host(*wanted: GuardSettings) -> AsyncIterator[Host]:
    """Run a host with a file."""
    made = Host()
    await made.store.start()
    try:
        await made.read(*wanted)
        yield made
    finally:
        await made.store.stop()


def _nobody(_endpoints: Iterable[EndpointId]) -> None:
    """Wake nobody."""


def post_of(settings: GuardSettings) -> Post:
    """Return a guard at its post."""
    return Post(
        guard=Guard(settings.pack, {}),
        key=Secret("k"),
        mode=settings.mode,
        tenants=settings.tenants,
        accounts=settings.accounts,
        folders=settings.folders,
        sweep=settings.sweep,
    )
