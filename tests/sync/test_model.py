"""A folder through everything that can happen to it, and the books compared at the end.

The decisions of ``vedette.sync`` are carried out by the real engine, in virtual time, against
a small server: mail comes and goes, links and processes end at any moment, UIDs begin anew,
the disk is full, messages are withheld. Nothing is lost, and nothing is told under two ids.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.support.clock import VirtualLoop
from tests.support.scripted import ScriptedServer
from tests.support.world import Setting, Watch
from vedette.errors import StoreFullError

#: After this everything that is owed has been asked for, and every sync was made.
PEACE = 1_500.0

moments = st.sampled_from([0.0, 0.5, 3.9, 4.0, 30.0, 130.0, 400.0])


class Folder(RuleBasedStateMachine):
    """One account, one folder, one server."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        self._spool = tempfile.TemporaryDirectory()
        self.server = ScriptedServer()
        self.removed: set[int] = set()
        self.watch: Watch

    @initialize(tells=st.booleans())
    def begin(self, tells: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        """Watch an empty folder of a server that tells what came outside of IDLE, or does not."""
        self.server.tells = tells
        self._runner.run(self._begin())

    @rule(count=st.integers(1, 70), later=moments)
    def mail_arrives(self, count: int, later: float) -> None:
        """More than one step of a sync, at most."""
        for _ in range(count):
            self._now(self.server.deliver)
        self._pass(later)

    @rule(steps=st.integers(1, 12))
    def mail_arrives_while_the_client_works(self, steps: int) -> None:
        """Let the next steps of the server each come with a message."""
        end = len(self.server.points) + steps
        self.server.at_point = lambda index: index < end and self.server.deliver()
        self._pass(130.0)
        self.server.at_point = lambda _index: None

    @precondition(lambda self: self.server.box.mails)
    @rule(data=st.data(), later=moments)
    def another_client_removes_one(self, data: st.DataObject, later: float) -> None:
        """Remove a message that may have been told, or not yet."""
        uid = data.draw(st.sampled_from(sorted(self.server.box.mails)))
        self.removed.add(self.server.box.mails[uid])
        self._now(lambda: self.server.remove(uid))
        self._pass(later)

    @precondition(lambda self: self.server.box.uid_next > 1)
    @rule(count=st.integers(1, 3))
    def the_next_messages_are_withheld(self, count: int) -> None:
        """They are listed, and left out of one FETCH."""
        top = self.server.box.uid_next
        self.server.withheld = set(range(top, top + count))

    @rule(later=moments)
    def the_link_breaks(self, later: float) -> None:
        """Reset the link, whatever is under way."""
        self._now(self.server.drop)
        self._pass(later)

    @rule(steps=st.integers(0, 12))
    def the_link_breaks_while_the_client_works(self, steps: int) -> None:
        """Break it at a step that is yet to come, under a new message."""
        target = len(self.server.points) + steps

        def at_point(index: int) -> None:
            if index == target:
                self.server.drop()

        self.server.at_point = at_point
        self._now(self.server.deliver)
        self._pass(10.0)
        self.server.at_point = lambda _index: None

    @rule(later=moments)
    def uids_begin_anew(self, later: float) -> None:
        """Lose the index; the server ends all sessions, as it must."""
        self.server.box.reset()
        self._now(self.server.drop)
        self._pass(later)

    @rule(later=moments)
    def the_process_dies(self, later: float) -> None:
        """Links end without a goodbye, and a new process finds the store as it was."""
        self._now(self.server.drop)
        self._runner.run(self.watch.restart())
        self._pass(later)

    @rule(times=st.integers(1, 3), later=moments)
    def the_disk_is_full(self, times: int, later: float) -> None:
        """Let the next calls of the store fail, and write nothing."""
        self.watch.store.fail(StoreFullError("no space left"), times)
        self._pass(later)

    def teardown(self) -> None:
        """Compare what arrived with what was told."""
        self._pass(PEACE)
        told = [event["data"]["messageId"] for event in self.watch.events("message.received")]
        ids = [event["id"] for event in self.watch.events()]
        owed = [number for number in self.server.arrived_at if number not in self.removed]
        self._runner.run(self.watch.stop())
        self._runner.close()
        self._spool.cleanup()
        assert len(told) == len(set(told)), "a message was told twice"
        assert len(ids) == len(set(ids))
        assert {f"<{number}@example.org>" for number in owed} <= set(told), "a message was lost"

    async def _begin(self) -> None:
        self.watch = Watch(Setting(), self.server.dialer, Path(self._spool.name))
        await self.watch.start()
        await asyncio.sleep(1)

    def _now(self, act: Callable[[], object]) -> None:
        """Let something happen on the loop, in no time."""

        async def happen() -> None:
            act()

        self._runner.run(happen())

    def _pass(self, seconds: float) -> None:
        self._runner.run(asyncio.sleep(seconds))


TestFolder = Folder.TestCase
TestFolder.settings = settings(
    max_examples=60,
    stateful_step_count=15,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
