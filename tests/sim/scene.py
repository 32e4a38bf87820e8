"""Everything there is in one history: loop, clock, server, network, disk, endpoints, processes.

It can boot and kill the program, and it keeps the record for the checker. It must not know
what goes wrong when.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import Context
from functools import partial
from typing import Final, NoReturn

from tests.sim.disk import Disk
from tests.sim.imap.conduct import Conduct
from tests.sim.imap.folder import Touch
from tests.sim.imap.server import ImapServer
from tests.sim.loop import SimulatedLoop, new_loop
from tests.sim.network import Line, Network
from tests.sim.process import Killed, Process, current
from tests.sim.program import Program
from tests.sim.reader import SimulatedReader, Workers
from tests.sim.record import Record
from tests.sim.setting import Mailbox, Setting
from tests.sim.sink import Receiver, SimulatedSink
from tests.sim.store import SimulatedStore
from tests.support.world import FORBIDDEN, NEVER
from vedette.crashpoint import Crashpoint
from vedette.engine.assignment import Assignment
from vedette.engine.guarding import Guarding, Mode
from vedette.engine.lane import Tempo as LaneTempo
from vedette.errors import StoreError
from vedette.model.delivery import Endpoint, Selection
from vedette.model.ids import EndpointId
from vedette.outbox.schedule import Policy
from vedette.ports.link import Target
from vedette.sync.cadence import Tempo

#: The wall clock at the loop's instant 0: a Tuesday in November 2023.
START: Final = 1_700_000_000.0

HOST: Final = "mail.example.org"

#: A schedule that is never given up within a history, and never longer than it.
PATIENT: Final = Policy(waits=(1.0, 2.0, 5.0, 10.0, 20.0, *([30.0] * 200)))

#: Kills of one history by crashpoints; more, and the program would do nothing else but start.
MAX_CRASHES: Final = 8

#: Logins of one connection in a minute: the backoff allows half of it, a store that fails once
#: every five seconds.
LOGINS: Final = 18
MINUTE: Final = 60.0

#: Seconds after which whoever runs us starts us again.
REBOOT: Final = (0.1, 30.0)


class Clock:
    """The wall clock of the machine the program runs on. ``offset`` is its error in seconds."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.offset = 0.0
        self._loop = loop

    def now(self) -> float:
        return START + self._loop.time() + self.offset

    def true(self) -> float:
        """Return the time of the world."""
        return START + self._loop.time()


class Scene:
    """One history while it happens."""

    def __init__(self, setting: Setting, spool: str) -> None:
        self.setting = setting
        self.spool = spool
        self.loop = new_loop(self.dice("schedule"))
        self.context = Context()
        self.clock = Clock(self.loop)
        self.record = Record(setting=setting, loop=self.loop)
        self.disk = Disk(self.dice("disk"), self.clock, self.clock.true)
        self.workers = Workers()
        self.server = ImapServer(
            dice=self.dice("server"),
            now=self.clock.true,
            later=self._later,
            conduct=Conduct.peaceful(setting.capabilities),
        )
        self.network = Network(
            dice=self.dice("network"),
            accept=self.server.accept,
            context=self.context,
            wrote=self._wrote,
            logged_in=self._logged_in,
        )
        self.receivers = {each.id: self._receiver(each) for each in ENDPOINTS}
        self.passwords = {each.user: "secret" for each in setting.mailboxes}
        self.program: Program | None = None
        self.process: Process | None = None
        self.crashes: dict[Crashpoint, float] = {}
        self._crash_dice = self.dice("crash")
        self._boots = 0
        self._logins: dict[tuple[str, str], deque[float]] = {}
        for mailbox in setting.mailboxes:
            own = () if setting.guard is None else setting.guard.folders
            self.server.add_user(mailbox.user, "secret", (*mailbox.uses, *own))
        self.server.on_touch = self._touched

    def dice(self, name: str) -> random.Random:
        """Return dice of one purpose: a throw more for one does not shift the others."""
        return random.Random(f"{self.setting.seed}/{name}")

    def later(self, delay: float, call: Callable[[], None]) -> None:
        """Do something in the world, seconds from now."""
        self._later(delay, call)

    # The program.

    def boot(self) -> None:
        """Start the program, if it does not run."""
        if self.process is not None:
            return
        self._boots += 1
        self.process = process = Process(f"run {self._boots}")
        self.record.say("boot", process.name)
        self.loop.create_task(self._life(process), context=process.context)

    def kill(self, why: str) -> None:
        """Kill the program; it is started again a little later."""
        process = self.process
        if process is None:
            return
        self.record.say("kill", f"{process.name}: {why}")
        process.die()
        self._fallen(process)

    def assignments(self) -> Iterator[Assignment]:
        """Yield what the configuration says now."""
        target = Target(host=HOST, port=993)
        for mailbox in self.setting.mailboxes:
            account = mailbox.account(self.passwords[mailbox.user])
            yield Assignment(account=account, target=target)

    def reached(self, point: Crashpoint) -> None:
        """Take note of a crashpoint, and maybe kill the program there."""
        process = current()
        if process is None or process.is_dead:
            return
        self.record.visits[point] += 1
        chance = self.crashes.get(point, 0.0)
        if chance and self._crash_dice.random() < chance and self.record.crashes < MAX_CRASHES:
            self.record.crashes += 1
            if self._crash_dice.random() < 0.2:
                process.stop(self.loop.time() + self._crash_dice.uniform(1.0, 90.0))
                return
            self._die(point)

    def _die(self, point: Crashpoint) -> NoReturn:
        self.kill(f"at {point}")
        raise Killed(point)

    async def _life(self, process: Process) -> None:
        """Run the program to its end, in its own process."""
        program = self.program = self._made()
        self.disk.ended_well = False
        try:
            await program.start()
        except StoreError as error:
            # The service exits, and is started again by whoever runs it.
            self.record.say("exit", f"{process.name} could not start: {error}")
        else:
            try:
                await program.wait()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect to report
                self.record.fail(f"the engine crashed: {type(error).__name__}: {error}")
            else:
                self.disk.ended_well = True
                self.record.say("exit", f"{process.name} ended in order")
        process.die()
        self._fallen(process)

    def _fallen(self, process: Process) -> None:
        for line in self.network.of(process):
            line.orphan()
        self.process = self.program = None
        self._later(self._crash_dice.uniform(*REBOOT), self.boot)

    def _made(self) -> Program:
        guard = self.setting.guard
        sinks = {
            each.endpoint.id: (each.endpoint, SimulatedSink(each))
            for each in self.receivers.values()
        }
        return Program(
            dialer=self.network,
            store=SimulatedStore(self.disk, self.clock),
            reader=SimulatedReader(self.workers, self.dice(f"reader {self._boots}")),
            clock=self.clock,
            dice=self.dice(f"jitter {self._boots}").random,
            spool=self.spool,
            sinks=sinks,
            assignments=self.assignments,
            tempo=Tempo(),
            lanes=LaneTempo(policy=PATIENT),
            ended_well=self.disk.ended_well,
            guards=Guarding(() if guard is None else [guard.post()]),
        )

    # The world around.

    def _later(self, delay: float, call: Callable[[], None]) -> None:
        self.loop.call_later(delay, call, context=self.context)

    def _receiver(self, endpoint: Endpoint) -> Receiver:
        return Receiver(
            endpoint=endpoint,
            dice=self.dice(f"endpoint {endpoint.id}"),
            context=self.context,
            took=partial(self.record.took, endpoint.id),
        )

    def _wrote(self, line: Line, data: bytes) -> None:
        guard = self.setting.guard
        acts = guard is not None and guard.mode is Mode.ACT
        never = NEVER if acts else FORBIDDEN
        for each in data.split(b"\r\n"):
            if never.match(each):
                self.record.fail(f"an observer must not say {each[:80]!r}")

    def _touched(self, touch: Touch) -> None:
        at, made = touch.arrival, touch.made
        to = "" if made is None else f" to {made.folder}:{made.uid}"
        what = f"{touch.change.value} {' '.join(touch.flags)}".strip()
        self.record.say("touch", f"{at.token} in {at.user} {at.folder}:{at.uid} {what}{to}")

    def _logged_in(self, line: Line) -> None:
        mailbox = self.mailbox(line.user or "")
        same = [each for each in self.network.of(line.owner) if each.user == line.user]
        if len(same) > mailbox.lines:
            self.record.fail(f"{line.user} has {len(same)} connections, not {mailbox.lines}")
        logins = self._logins.setdefault((line.owner.name, mailbox.user), deque())
        now = self.loop.time()
        logins.append(now)
        while logins[0] < now - MINUTE:
            logins.popleft()
        if len(logins) > LOGINS * mailbox.lines:
            self.record.fail(f"{line.user} logged in {len(logins)} times in a minute")

    def mailbox(self, user: str) -> Mailbox:
        """Return the mailbox of a user."""
        return next(each for each in self.setting.mailboxes if each.user == user)


#: One that keeps order, one that does not, and one that takes messages only.
ENDPOINTS: Final = (
    Endpoint(id=EndpointId("ordered"), ordered=True),
    Endpoint(id=EndpointId("unordered")),
    Endpoint(id=EndpointId("messages"), selection=Selection(types=("message.*",)), concurrency=2),
)
