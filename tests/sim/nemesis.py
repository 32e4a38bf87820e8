"""The restless part of a history: mail comes, and everything that can go wrong does.

Each blow is one method; which of them fall is the setting's. It must not know what the engine
is expected to make of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.sim.disk import Faults
from tests.sim.guarded import PROTECTED, SENDER, SPARED, UNWANTED, Deed
from tests.sim.imap.conduct import Conduct
from tests.sim.imap.letter import SENDER as ORDINARY
from tests.sim.network import Weather
from tests.sim.scene import Scene
from tests.sim.setting import Blow, Mailbox
from vedette.model.account import Depth

#: Octets of a message that does not fit into the first window, and goes over a spool file.
LARGE: Final = 150_000
#: And of one that is just larger than it.
BEYOND: Final = 66_500

#: How wrong a wall clock is: what a time server corrects, and what a person gets
#: wrong. In seconds.
CLOCK_STEPS: Final = (0.0, -2.0, 2.0, 30.0, -30.0, 600.0, -600.0)


class Nemesis:
    """Deals blows to one scene; all chance comes from its own dice."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.dice = scene.dice("nemesis")
        self._mail_dice = scene.dice("mail")
        self.count = 0
        self._password_count = 0
        self._ending = False
        self._blows: dict[Blow, Callable[[], None]] = {
            Blow.EXPUNGE: self._expunge,
            Blow.MOVE: self._move,
            Blow.FLAG: self._flag,
            Blow.RENUMBER: self._renumber,
            Blow.RECREATE: self._recreate,
            Blow.RESTART_SERVER: self._restart_server,
            Blow.CUT: self._cut,
            Blow.HALF_OPEN: self._half_open,
            Blow.UNREACHABLE: self._unreachable,
            Blow.KILL: self._kill,
            Blow.STOP: self._stop,
            Blow.RESTART: self._restart,
            Blow.CLOCK: self._set_clock,
            Blow.FULL: self._fill,
            Blow.DOWN: self._down,
            Blow.PASSWORD: self._password,
            Blow.DROPS: self._drop_sessions,
            Blow.LARGE: self._large,
        }

    async def rage(self) -> None:
        """Let the restless part happen, and end all its faults."""
        scene, setting, dice = self.scene, self.scene.setting, self.dice
        self._unleash()
        end = scene.loop.time() + setting.length
        while scene.loop.time() < end:
            await asyncio.sleep(dice.expovariate(setting.rate + 0.05 * len(setting.blows)))
            share = setting.rate / (setting.rate + 0.05 * len(setting.blows))
            if dice.random() < share:
                self.deliver(dice.choice((1, 1, 1, 2, 5, 20)))
            elif setting.blows:
                blow = dice.choice(setting.blows)
                scene.record.say("blow", blow.value)
                self._blows[blow]()
        self._calm()

    def deliver(self, count: int, *, size: int = 2048, home: bool = False) -> None:
        """Let messages arrive in one folder."""
        mailbox = self._mailbox()
        folder = "INBOX" if home else self._folder(mailbox)
        guard = self.scene.setting.guard
        for _ in range(count):
            self.count += 1
            token, sender, words = f"token-{self.count}", ORDINARY, ""
            octets = size
            if guard is not None and self._mail_dice.random() < guard.share:
                token, sender = f"{UNWANTED}{self.count}", SENDER
                if guard.deed is Deed.SPARE:
                    token, words = self._spared(mailbox)
                    octets = self._mail_dice.choice((size, BEYOND))
            server = self.scene.server
            server.deliver(mailbox.user, folder, token, size=octets, sender=sender, words=words)
        self.scene.record.say("mail", f"{count} to {mailbox.user} {folder}, last {self.count}")

    def _spared(self, mailbox: Mailbox) -> tuple[str, str]:
        """Return the token and the first words of unwanted mail that may be protected."""
        # Of a mailbox whose bodies are not read nobody knows what they say.
        is_read = mailbox.depth is not Depth.METADATA
        if is_read and self._mail_dice.random() < 0.5:
            return f"{SPARED}{self.count}", PROTECTED
        return f"{UNWANTED}{self.count}", ""

    def _unleash(self) -> None:
        scene, setting = self.scene, self.scene.setting
        scene.server.conduct = setting.conduct
        scene.network.weather = setting.weather
        scene.disk.faults = setting.faults
        scene.workers.killed = setting.workers.killed
        scene.workers.unavailable = setting.workers.unavailable
        scene.crashes = setting.crashes
        for receiver in scene.receivers.values():
            receiver.temper = replace(setting.temper)

    def _calm(self) -> None:
        """Turn every fault off; what was done by them stays done."""
        self._ending = True
        scene, setting = self.scene, self.scene.setting
        scene.server.conduct = Conduct.peaceful(setting.capabilities)
        scene.network.weather = Weather(latency=setting.weather.latency)
        scene.disk.faults = Faults(latency=min(setting.faults.latency, 0.01))
        scene.workers.killed = scene.workers.unavailable = 0.0
        scene.crashes = {}
        scene.clock.offset = 0.0
        if Blow.PASSWORD in setting.blows or setting.conduct.login_denied:
            self._new_passwords()
        for receiver in scene.receivers.values():
            receiver.temper = replace(
                receiver.temper,
                unacknowledged=0.0,
                forgotten=0.0,
                refused=0.0,
                asked_to_wait=0.0,
                drips=0.0,
                is_down=False,
            )

    def _mailbox(self) -> Mailbox:
        return self.dice.choice(self.scene.setting.mailboxes)

    def _folder(self, mailbox: Mailbox) -> str:
        there = [
            each
            for each in mailbox.folders
            if each in self.scene.server.users[mailbox.user].folders
        ]
        return self.dice.choice(there)

    def _soon(self, lowest: float, highest: float, call: Callable[[], None]) -> None:
        """End a blow after a while, or when the restless part ends."""

        def end() -> None:
            if not self._ending:
                call()

        self.scene.later(self.dice.uniform(lowest, highest), end)

    # The mailboxes.

    def _expunge(self) -> None:
        mailbox = self._mailbox()
        count = self.dice.choice((1, 1, 3, 10))
        self.scene.server.expunge_some(mailbox.user, self._folder(mailbox), count)

    def _move(self) -> None:
        mailbox = self._mailbox()
        source, target = self._folder(mailbox), self._folder(mailbox)
        if source == target:
            return
        self.scene.server.move(mailbox.user, source, target, self.dice.choice((1, 2)))

    def _flag(self) -> None:
        mailbox = self._mailbox()
        self.scene.server.flag_some(mailbox.user, self._folder(mailbox), 2)

    def _renumber(self) -> None:
        mailbox = self._mailbox()
        self.scene.server.renumber(mailbox.user, self._folder(mailbox))

    def _recreate(self) -> None:
        mailbox = self._mailbox()
        folder = self._folder(mailbox)
        if folder == "INBOX":
            return
        server = self.scene.server
        use = next((each.partition("=")[2] for each in mailbox.uses if each.startswith(folder)), "")
        server.delete_folder(mailbox.user, folder)
        # Once begun it is finished, whatever part of the history it is.
        self.scene.later(
            self.dice.uniform(0.0, 60.0),
            lambda: server.create_folder(mailbox.user, folder, use or None),
        )

    def _large(self) -> None:
        self.deliver(1, size=LARGE)

    # The way.

    def _restart_server(self) -> None:
        for line in list(self.scene.network.lines):
            if line.far is not None:
                line.cut()

    def _drop_sessions(self) -> None:
        network = self.scene.network
        network.weather = replace(network.weather, refuse=0.0, unresolved=0.0, cut_rate=1.5)

        def over() -> None:
            network.weather = self.scene.setting.weather

        self._soon(70.0, 140.0, over)

    def _cut(self) -> None:
        lines = list(self.scene.network.lines)
        if lines:
            self.dice.choice(lines).cut()

    def _half_open(self) -> None:
        noticed = self.dice.uniform(*self.scene.setting.weather.noticed)
        for line in list(self.scene.network.lines):
            way = self.dice.randrange(3)
            line.half_open(down=way != 0, up=way != 1, noticed=noticed)

    def _unreachable(self) -> None:
        network = self.scene.network
        if self.dice.random() < 0.5:
            network.weather = replace(network.weather, refuse=1.0)
        else:
            network.weather = replace(network.weather, unresolved=1.0)

        def over() -> None:
            network.weather = self.scene.setting.weather

        self._soon(1.0, 60.0, over)

    # The process and its machine.

    def _kill(self) -> None:
        self.scene.kill("at random")

    def _stop(self) -> None:
        if self.scene.process is not None:
            until = self.scene.loop.time() + self.dice.choice((1.0, 10.0, 40.0, 200.0))
            self.scene.process.stop(until)

    def _restart(self) -> None:
        program, process = self.scene.program, self.scene.process
        if program is not None and process is not None and program.started:
            self.scene.loop.create_task(program.stop(), context=process.context)

    def _set_clock(self) -> None:
        # Set, not moved on: what was dated ahead waits as long as the clock was ahead.
        self.scene.clock.offset = self.dice.choice(CLOCK_STEPS)

    def _fill(self) -> None:
        self.scene.disk.faults = replace(self.scene.disk.faults, is_full=True)

        def over() -> None:
            self.scene.disk.faults = replace(self.scene.disk.faults, is_full=False)

        self._soon(1.0, 60.0, over)

    def _down(self) -> None:
        receiver = self.dice.choice(list(self.scene.receivers.values()))
        receiver.temper.is_down = True

        def over() -> None:
            receiver.temper.is_down = False

        self._soon(5.0, 300.0, over)

    def _password(self) -> None:
        scene, user = self.scene, self._mailbox().user
        self._password_count += 1
        password = f"secret-{self._password_count}"
        scene.server.set_password(user, password)
        for line in list(scene.network.lines):
            if line.user == user:
                line.cut()
        self._soon(5.0, 200.0, lambda: self._told(user, password))

    def _told(self, user: str, password: str) -> None:
        """Let the person who changed the password change our configuration too."""
        self.scene.passwords[user] = password
        self._reload()

    def _reload(self) -> None:
        """Have the program go over to the configuration; one that does not run will read it."""
        program, process = self.scene.program, self.scene.process
        if program is not None and process is not None:
            if program.started:
                self.scene.loop.create_task(program.apply(), context=process.context)
            else:
                self.scene.later(1.0, self._reload)

    def _new_passwords(self) -> None:
        """Let everybody set a password anew: who was refused too often is paused until then."""
        for user in self.scene.passwords:
            self._password_count += 1
            self.scene.passwords[user] = f"fresh-{self._password_count}"
            self.scene.server.set_password(user, self.scene.passwords[user])
        self._reload()
