"""The link or the process ends at every moment there is, and nothing is lost or told twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support import clock
from tests.support.scripted import ScriptedServer
from tests.support.world import LOGIN, TURNS, Setting, Watch, cursor, quiet

#: Both pushes come while the client idles; the second finds it in the middle of nothing new.
PUSHES = (7.0, 8.0)
LENGTH = 60.0


class Run:
    """A minute of watching, interrupted at one moment."""

    def __init__(self, spool: Path, at: int | None, interrupt: str = "") -> None:
        self.server = ScriptedServer()
        self.server.box.uid_next = 3
        setting = Setting(read={b"INBOX": cursor(7, 2, first=2)})
        self.watch = Watch(setting, self.server.dialer, spool)
        self._at = at
        self._interrupt = interrupt
        self._restart = asyncio.Event()

    def play(self) -> None:
        clock.run(self._main())

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        self.server.at_point = self._at_point
        await self.watch.start()
        for at in PUSHES:
            loop.call_at(at, self.server.deliver)
        restarts = asyncio.create_task(self._restarts())
        await asyncio.sleep(LENGTH)
        restarts.cancel()
        await quiet()
        await self.watch.stop()

    async def _restarts(self) -> None:
        await self._restart.wait()
        await self.watch.restart()

    def _at_point(self, index: int) -> None:
        if index != self._at:
            return
        if self._interrupt == "restart":
            self._restart.set()
        else:
            self.server.drop()


def _moments(spool: Path) -> int:
    calm = Run(spool, None)
    calm.play()
    return len(calm.server.points)


@pytest.mark.parametrize("interrupt", ["reset", "restart"])
def test_c9_s7_an_end_at_any_moment_loses_nothing(tmp_path: Path, interrupt: str) -> None:
    """A reset or a restart at every step: each message told once, no error left uncaught."""
    for index in range(_moments(tmp_path)):
        run = Run(tmp_path, index, interrupt)
        run.play()
        assert run.watch.uids() == [3, 4], f"{interrupt} at {run.server.points[index]}"


def test_v3_an_error_and_a_close_together_make_one_connection(tmp_path: Path) -> None:
    """BYE, a reset and an end of file at once: one login follows, and one link is open."""

    async def main() -> None:
        server = ScriptedServer()
        watch = Watch(Setting(), server.dialer, tmp_path)
        await watch.start()
        await asyncio.sleep(5)
        wire = server.talks[0].wire
        wire.feed(b"* BYE Server shutting down.\r\n")
        wire.end()
        server.drop()
        await asyncio.sleep(10)
        assert len(server.open_talks) == 1
        assert watch.logins() == 2
        await watch.stop()

    clock.run(main())


def test_v3_a_change_of_settings_during_the_wait_makes_one_connection(tmp_path: Path) -> None:
    """An account that changes while it waits for its next try is watched once."""

    async def main() -> None:
        server = ScriptedServer()
        watch = Watch(Setting(), server.dialer, tmp_path)
        await watch.start()
        await asyncio.sleep(5)
        server.drop()
        await asyncio.sleep(0.1)
        watch.setting.password = "new"
        await watch.assign()
        await asyncio.sleep(10)
        assert len(server.open_talks) == 1
        assert watch.logins() == 2
        server.deliver()
        await asyncio.sleep(1)
        assert watch.uids() == [1]
        await watch.stop()

    clock.run(main())


def test_i16_a_flood_keeps_no_duty_waiting(tmp_path: Path) -> None:
    """Each answer comes with one more message: the safety sync is made all the same."""

    async def main() -> None:
        server = ScriptedServer()
        server.latency = 0.5
        watch = Watch(Setting(), server.dialer, tmp_path)
        await watch.start()
        await asyncio.sleep(10)
        server.at_point = lambda _index: (
            server.deliver() if server.points[-1] == "before the answer to UID FETCH" else None
        )
        server.deliver()
        await asyncio.sleep(400)
        assert server.points.count("before EXAMINE") == 2
        server.at_point = lambda _index: None
        await asyncio.sleep(10)
        assert watch.uids() == list(range(1, len(server.arrived_at) + 1))
        await watch.stop()

    clock.run(main())


def test_i16_announcements_that_bring_nothing_are_not_answered_at_once(tmp_path: Path) -> None:
    """A count that goes up and down without a new message makes a few questions, not a storm."""

    async def main() -> None:
        server = ScriptedServer()
        watch = Watch(Setting(), server.dialer, tmp_path)
        await watch.start()
        await asyncio.sleep(5)
        for _ in range(1000):
            server.talks[0].wire.feed(b"* 1 EXISTS\r\n* 1 EXPUNGE\r\n")
            await asyncio.sleep(0.01)
        asked = sum(b"UID FETCH" in line for line in watch.said())
        assert 1 <= asked <= 25
        await watch.stop()

    clock.run(main())


def test_v1_five_hundred_accounts_come_back_without_a_herd(tmp_path: Path) -> None:
    """After an outage the logins at one host stay below its rate, and all are up in a minute."""

    async def main() -> None:
        server = ScriptedServer()
        logged_in: list[float] = []
        server.at_point = lambda _index: (
            logged_in.append(asyncio.get_running_loop().time())
            if server.points[-1] == "before LOGIN"
            else None
        )
        watch = Watch(Setting(), server.dialer, tmp_path)
        await watch.store.start()
        await watch.supervisor.start()
        await watch.supervisor.assign(watch.assignments(500))
        await asyncio.sleep(60)
        assert len(server.open_talks) == 500
        assert _most_in_a_second(logged_in) <= 41
        logged_in.clear()
        server.drop()
        await asyncio.sleep(60)
        assert len(server.open_talks) == 500
        assert _most_in_a_second(logged_in) <= 41
        await watch.stop()
        assert sum(bool(LOGIN.match(line)) for line in watch.said()) == 1000

    clock.run(main())


def test_a_reload_during_the_stop_starts_nothing(tmp_path: Path) -> None:
    """Whoever says goodbye is not replaced: the mailbox would have two connections, and keep one."""

    async def main() -> None:
        server = ScriptedServer()
        watch = Watch(Setting(), server.dialer, tmp_path)
        await watch.start()
        await asyncio.sleep(10)
        stopping = asyncio.create_task(watch.supervisor.stop())
        for _ in range(TURNS):
            if watch.said()[-2].endswith(b"LOGOUT"):
                break
            await asyncio.sleep(0)
        assert not stopping.done()
        await watch.assign()
        await stopping
        await watch.stop()
        assert watch.logins() == 1

    clock.run(main())


def _most_in_a_second(instants: list[float]) -> int:
    return max(
        sum(start <= other < start + 1.0 for other in instants) for start in sorted(set(instants))
    )
