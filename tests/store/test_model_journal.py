"""Two journals, driven by chance through the same life, never differ in an answer."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from operator import methodcaller
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.store.bundle import ANNA, BERT, INBOX, QUARANTINE, StillClock, decision, entry, place
from tests.support.memory_store import MemoryStore
from vedette.model.action import ActionState, Place
from vedette.ports.journal import Journal, JournalQuery
from vedette.ports.store import Fence
from vedette.store.sqlite.store import SqliteStore

ACCOUNTS = st.sampled_from((ANNA, BERT))
GUARDS = st.sampled_from(("gambling", "phishing"))
UIDS = st.integers(1, 5)
TIMES = st.integers(0, 8).map(float)
KEYS = st.lists(st.sampled_from((b"a", b"b", b"c")), max_size=2, unique=True)
PLACES = st.builds(place, st.none() | UIDS, st.sampled_from((INBOX, QUARANTINE)))
ENTRIES = st.builds(
    lambda uid, keys, account, guard, what, at, expires: entry(
        uid, *keys, account=account, guard=guard, action=what, kind=what, at=at, expires=expires
    ),
    uid=UIDS,
    keys=KEYS,
    account=ACCOUNTS,
    guard=GUARDS,
    what=st.sampled_from(("move", "flag")),
    at=TIMES,
    expires=st.none() | TIMES,
)
DECISIONS = st.builds(decision, UIDS, account=ACCOUNTS, guard=GUARDS, at=TIMES)
ACTIONS = ENTRIES.map(lambda each: each.id)
QUERIES = st.builds(
    JournalQuery,
    account=st.none() | ACCOUNTS,
    guard=st.none() | GUARDS,
    states=st.lists(st.sampled_from(ActionState), max_size=2).map(tuple),
    since=st.none() | TIMES,
    limit=st.integers(0, 5),
)


class TwoJournals(RuleBasedStateMachine):
    """Each rule asks both stores the same and compares what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="vedette-journal-"))
        clock = StillClock(0.0)
        self.real = SqliteStore(self.folder, clock)
        self.model = MemoryStore(clock)
        self.runner.run(self.real.start())
        self.runner.run(self.model.start())

    def teardown(self) -> None:
        self.runner.run(self.real.stop())
        self.runner.close()
        shutil.rmtree(self.folder)

    def both(self, ask: Callable[[Journal], Awaitable[Any]]) -> Any:
        async def answers() -> tuple[Any, Any]:
            return await ask(self.real), await ask(self.model)

        real, model = self.runner.run(answers())
        assert real == model
        return real

    @rule(
        decisions=st.lists(DECISIONS, max_size=3),
        actions=st.lists(ENTRIES, max_size=3),
        epoch=st.sampled_from((0, 0, 0, 1)),
    )
    def intend(self, decisions: list[Any], actions: list[Any], epoch: int) -> None:
        self.both(methodcaller("intend", Fence(epoch=epoch), decisions, actions))

    @rule(
        action=ACTIONS,
        state=st.sampled_from(ActionState),
        now=TIMES,
        result=st.none() | PLACES,
    )
    def record(self, action: Any, state: ActionState, now: float, result: Place | None) -> None:
        self.both(lambda store: store.record(action, state, now=now, result=result, reason="so"))

    @rule(action=ACTIONS, now=TIMES)
    def act(self, action: Any, now: float) -> None:
        """Let an action succeed: the way to states that chance alone seldom reaches."""
        self.both(lambda store: store.record(action, ActionState.DONE, now=now))

    @rule(action=ACTIONS, now=TIMES)
    def attempt(self, action: Any, now: float) -> None:
        self.both(lambda store: store.attempted(action, now=now, reason="no"))

    @rule(action=ACTIONS, now=TIMES)
    def undo(self, action: Any, now: float) -> None:
        self.both(lambda store: store.undo(action, now=now, reason="asked"))

    @rule(query=QUERIES)
    def ask(self, query: JournalQuery) -> None:
        self.both(methodcaller("journal", query))

    @rule(
        account=st.none() | ACCOUNTS,
        guard=st.none() | GUARDS,
        since=TIMES,
        limit=st.integers(0, 4),
    )
    def list_decisions(self, account: Any, guard: Any, since: float, limit: int) -> None:
        self.both(lambda store: store.decisions(account, guard, since=since, limit=limit))
        self.both(lambda store: store.tallies(account, guard))

    @rule(account=ACCOUNTS, now=TIMES, limit=st.integers(0, 4))
    def expire(self, account: Any, now: float, limit: int) -> None:
        self.both(lambda store: store.expired(account, now=now, limit=limit))

    @rule(before=TIMES)
    def purge(self, before: float) -> None:
        self.both(lambda store: store.purge_decisions(before=before, limit=100))
        self.both(lambda store: store.purge_journal(before=before, limit=100))

    @invariant()
    def agree(self) -> None:
        """Compare what is pending where, what is known of each key, and the whole journal."""
        for account in (ANNA, BERT):
            self.both(methodcaller("pending", account))
            for folder in (INBOX, QUARANTINE):
                self.both(methodcaller("pending", account, folder))
            for keys in ([b"a"], [b"b", b"c"]):
                self.both(methodcaller("acted_on", account, keys))
        self.both(methodcaller("journal", JournalQuery(limit=100)))


TestTwoJournals = TwoJournals.TestCase
TestTwoJournals.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)
