"""Vedette, whole: the engine as ``vedette serve`` runs it, with its state on disk (FULL).

A message counts as had when its commit is done. Must not know: what is measured.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from bench.peers.lateness import Lateness
from bench.peers.orders import Answer, Latencies, Task, obey_async, task
from vedette.app.engine import Engine
from vedette.app.guards.trusting import State
from vedette.app.memory import give_back
from vedette.config.api import ApiSettings
from vedette.config.settings import AccountSettings, EndpointSettings, Settings, StoreSettings
from vedette.engine.gate import LoginRate
from vedette.engine.part import Part
from vedette.model.account import Account, AccountState, Beginning, Credentials, Start
from vedette.model.delivery import Endpoint
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.ownership.shard import InstanceId
from vedette.ports.link import Target, TlsPolicy
from vedette.ports.store import Commit, EventQuery, Verdict
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings
from vedette.sync.cadence import Tempo
from vedette.telemetry.log import LogPolicy, configure

#: The benchmark ends by itself, whatever happens.
DEADLINE = 300.0
#: No limit: measured is what logins cost, not how patient a provider is.
UNLIMITED = 1_000_000
#: More events than any run has.
_EVERYTHING = 10_000_000
_UID = re.compile(rb'"uid": ?([0-9]+)')


class TimedStore:
    """The store, with the age of each message noted when its commit is done."""

    def __init__(self, store: State, latencies: Latencies) -> None:
        self._store = store
        self._latencies = latencies
        self.committed = 0

    def __getattr__(self, name: str) -> Any:
        """Be the store in all else."""
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Verdict:
        """Commit, then look at what was committed."""
        verdict = await self._store.commit(commit)
        if verdict is Verdict.DONE:
            for posting in commit.postings:
                if posting.type == "message.received":
                    self.committed += 1
                    self._latencies.note(posting.body)
        return verdict


class Ours:
    """The engine and what it was told to watch."""

    def __init__(self, given: Task) -> None:
        self._given = given
        self._latencies = Latencies()
        self._at_once = 16
        self.count = 0
        self.beginning = Beginning()
        self.face: Part | None = None
        self.lateness = Lateness()
        self.engine = Engine(self.settings())
        self.store = TimedStore(self.engine.store, self._latencies)
        self.engine.store = cast("State", self.store)

    def settings(self) -> Settings:
        """Return settings with all mailboxes up to ``count``."""
        more = self._given.more
        policy = TlsPolicy(ca_file=self._given.ca_file)
        targets = [
            Target(host=host, port=self._given.port, policy=policy, private=True)
            for host in more.get("hosts") or [self._given.host]
        ]
        rate = LoginRate(
            host_per_second=UNLIMITED,
            host_at_once=self._at_once,
            total_per_second=UNLIMITED,
            total_at_once=self._at_once,
        )
        tempo = more.get("tempo") or {}
        return Settings(
            state=Path(more["state"]),
            accounts=tuple(
                self._account(number, targets[number % len(targets)])
                for number in range(self.count)
            ),
            endpoints=self._endpoints(),
            logins=LoginRate() if more.get("paced") else rate,
            tempo=Tempo(**tempo),
            api=ApiSettings(port=0),
            store=self._shared(),
        )

    def _shared(self) -> StoreSettings | None:
        """Return the Postgres that the state is in, or None: it is in a file."""
        url = self._given.more.get("postgres")
        return None if url is None else StoreSettings(url=Secret(url), instance=InstanceId("bench"))

    async def connect(self, order: Answer) -> Answer:
        """Watch mailboxes up to a number; return when each is connected and proven."""
        self.count, self._at_once = order["last"], order["at_once"]
        if self.engine.supervisor is None:
            self.engine.settings = self.settings()
            await self.engine.start()
        else:
            # On a thread, as the service reads its file.
            await self.engine.apply(await asyncio.to_thread(self.settings))
        if order.get("wait", True):
            # Looking at a thousand takes half a millisecond, which is not to be measured.
            await until(lambda: live(self.engine) == self.count, every=0.1)
        return {}

    async def serve(self, _order: Answer) -> Answer:
        """Start with no mailbox and the API, as ``vedette serve`` does; tell its port and first key."""
        keys: list[str] = []
        # What serves is imported by who serves: the memory of all other figures is without it.
        face: Any = import_module("vedette.api.face").Face
        # Lines of the log are a part of what a request costs.
        configure(LogPolicy(level="info"))
        self.engine.settings = self.settings()
        await self.engine.start()
        served = face(
            self.engine, announce=lambda key: keys.append(key.reveal()), leaving=lambda: False
        )
        await served.start()
        self.face = served
        self.lateness.begin()
        return {"port": served.port, "key": keys[0]}

    async def lag(self, _order: Answer) -> Answer:
        """Tell how late the loop was, at each look since the last time."""
        return {"late": self.lateness.report(), "live": live(self.engine)}

    async def stop(self) -> None:
        """Stop, what came last first."""
        if self.face is not None:
            await self.lateness.end()
            await self.face.stop()
        await self.engine.stop()

    async def ledger(self, _order: Answer) -> Answer:
        """Tell what is in the store: mailbox, UID and id of every message's event."""
        query = EventQuery(types=("message.received",), limit=_EVERYTHING)
        rows = []
        for event in await self.engine.store.events(query):
            found = _UID.search(event.body)
            mailbox = int(event.account.rpartition("-")[2])
            rows.append((mailbox, int(found[1]) if found else 0, event.event))
        return {"rows": rows}

    async def report(self, _order: Answer) -> Answer:
        """Tell the latencies."""
        return self._latencies.report()

    async def settle(self, _order: Answer) -> Answer:
        """Do what the engine does once a minute."""
        give_back()
        return {}

    async def catch_up(self, order: Answer) -> Answer:
        """Begin with the last messages of a mailbox that was never watched; the engine runs."""
        self.beginning = Beginning(start=Start.LAST, count=order["count"])
        self.count = 1
        begun = time.monotonic()
        await self.engine.apply(self.settings())
        await until(lambda: self.store.committed >= order["count"], every=0.002)
        return {"messages": self.store.committed, "seconds": time.monotonic() - begun}

    def _account(self, number: int, target: Target) -> AccountSettings:
        user = self._given.user(number)
        account = Account(
            id=AccountId(f"mailbox-{number}"),
            tenant=TenantId("bench"),
            email=f"{user}@bench.example",
            credentials=Credentials(user=user, password=Secret("pass")),
            folders=tuple(self._given.more.get("folders", ("\\Inbox",))),
            beginning=self.beginning,
        )
        return AccountSettings(account=account, target=target)

    def _endpoints(self) -> tuple[EndpointSettings, ...]:
        url = self._given.more.get("webhook")
        if url is None:
            return ()
        sink = WebhookSettings(url=Secret(url), keys=(Secret(b"k" * 32),))
        endpoint = Endpoint(id=EndpointId("bench"))
        return (EndpointSettings(endpoint=endpoint, sink=sink, private=True),)


def live(engine: Engine) -> int:
    """Return how many mailboxes are connected and proven."""
    return sum(
        health.state is AccountState.CONNECTED and health.proof_at is not None
        for health in engine.healths
    )


async def until(condition: Callable[[], bool], *, every: float = 0.02) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - a benchmark looks from outside
            await asyncio.sleep(every)


async def main() -> None:
    """Obey, then stop."""
    ours = Ours(task())
    await obey_async(
        {
            "connect": ours.connect,
            "report": ours.report,
            "settle": ours.settle,
            "catch_up": ours.catch_up,
            "ledger": ours.ledger,
            "serve": ours.serve,
            "lag": ours.lag,
        }
    )
    await ours.stop()


if __name__ == "__main__":
    configure(LogPolicy(level="error"))
    asyncio.run(main())
    sys.exit(0)
