"""One mailbox whose service is killed again and again, and the books on it.

Work goes in rounds: a fresh mailbox and a fresh state, so many kills, then a
run in peace until everything has come, then the judgement. A round keeps what
the judgement needs, and everything when it failed.

Must not know: how many lanes there are.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.chaos import deeds, havoc, history
from tests.chaos.havoc import End, Feeder, Mishap, Plan
from tests.support.books import Books, token_of
from tests.support.dovecot import Dovecot
from tests.support.guards import ACTING, PACK
from tests.support.nursery import Nursery
from tests.support.postgres import Postgres
from tests.support.process import group_lives, wait_until
from tests.support.receiver import Receiver
from tests.support.service import Configuration, Service, account
from vedette.model.action import ActionState
from vedette.secret import Secret

#: Seconds in which the rest has to come: a delivery that was refused twice waits for 5 minutes
#: and half a minute of jitter (``vedette.outbox.schedule``).
SETTLING = 360.0
#: Seconds for what comes by itself: a connect, the end of what a service had started.
PATIENCE = 60.0
#: The event that says that an action is done.
APPLIED = "action.applied"


class Lane:
    """Kills and counts. ``tally`` says what was done, for all rounds.

    The state is on ``postgres`` where there is one, a database for each round, and else in SQLite.
    """

    def __init__(
        self,
        server: Dovecot,
        nursery: Nursery,
        dice: random.Random,
        *,
        postgres: Postgres | None = None,
    ) -> None:
        self._server = server
        self._nursery = nursery
        self._dice = dice
        self._postgres = postgres
        self._database = ""
        self.tally: Counter[str] = Counter()

    def round(self, folder: Path, kills: int, *, stop: Callable[[], bool]) -> list[str]:
        """Play one round in ``folder``; return its faults. ``stop`` ends it early, in order."""
        folder.mkdir(parents=True)
        if self._postgres is not None:
            self._database = asyncio.run(self._postgres.make())
        user = f"chaos-{uuid.uuid4().hex[:12]}"
        books = Books()
        with Receiver(books) as receiver:
            self._configure(folder, user, receiver.url)
            # The watch begins at now: what comes before the first baseline is the past.
            self._first(folder)
            feeder = Feeder(self._server, user, random.Random(self._dice.random()))
            feeder.start()
            try:
                for _ in range(kills):
                    if stop():
                        break
                    plan = havoc.draw(self._dice, database=self._postgres is not None)
                    self._life(folder, user, receiver, plan)
            finally:
                feeder.stop()
                self.tally += feeder.failures
            late = self._settle(folder, user, receiver)
        self._keep(folder, user, books)
        faults = late + history.judge(folder)
        if not faults:
            self._forget(folder)
        return faults

    def _configure(self, folder: Path, user: str, url: str) -> None:
        (folder / "unwanted.yaml").write_text(PACK)
        Configuration(
            file=folder / "vedette.toml",
            state=folder / "state",
            accounts={
                "box": account(user, port=self._server.tls_port, ca_file=self._server.ca_file)
            },
            endpoints={
                "hook": f'type = "webhook"\nurl = "{url}"',
                "file": f'type = "file"\npath = "{folder / "events.jsonl"}"',
            },
            tail=ACTING + self._store(),
        ).write()

    def _store(self) -> str:
        if self._postgres is None:
            return ""
        # All lanes are on one machine, and the name of an instance is its machine's otherwise.
        return f'[store]\nurl = "{self._postgres.url(self._database)}"\ninstance = "lane"\n'

    def _state(self, folder: Path) -> Path | Secret[str]:
        if self._postgres is None:
            return folder / "state"
        return Secret(self._postgres.url(self._database))

    def _start(self, folder: Path, plan: Plan | None = None) -> Service:
        words = ["serve", "--config", str(folder / "vedette.toml")]
        if plan is not None and plan.cold and plan.end is not End.POINT:
            return Service(words, folder=folder)
        return self._nursery.service(words, folder=folder, fate=None if plan is None else plan.fate)

    def _first(self, folder: Path) -> None:
        with self._start(folder) as service:
            service.until_connected(within=PATIENCE)
            service.kill()
        _until_gone(service)

    def _life(self, folder: Path, user: str, receiver: Receiver, plan: Plan) -> None:
        """Live one life; whatever happens in it, at its end the service is dead."""
        with self._start(folder, plan) as service:
            if plan.end is not End.EARLY:
                _until(service, lambda: '"account.watched"' in service.err, PATIENCE)
            self._suffer(service, user, receiver, plan)
            _until(service, lambda: False, plan.moment)
            status = service.process.poll()
            if status is None:
                service.kill()
            elif status != -signal.SIGKILL or plan.end is not End.POINT:
                raise AssertionError(f"it ended by itself with {status}: {service.err[-2000:]}")
        _until_gone(service)
        self.tally["kills"] += 1
        self.tally[plan.point if status is not None else f"at random, {plan.end}"] += 1

    def _suffer(self, service: Service, user: str, receiver: Receiver, plan: Plan) -> None:
        match plan.mishap:
            case Mishap.NONE:
                return
            case Mishap.PAUSE:
                service.process.send_signal(signal.SIGSTOP)
                _until(service, lambda: False, plan.pause)
                service.process.send_signal(signal.SIGCONT)
            case Mishap.CUT:
                havoc.cut(self._server, user)
            case Mishap.SEVERED:
                if self._postgres is not None:
                    asyncio.run(self._postgres.cut(self._database))
            case Mishap.DOWN:
                with receiver.away():
                    _until(service, lambda: False, plan.pause)
        self.tally[plan.mishap] += 1

    def _settle(self, folder: Path, user: str, receiver: Receiver) -> list[str]:
        """Run once in peace until all has come and all is done; say what did not, and was not."""
        # Of what was copied and not removed yet the server holds two: one message all the same.
        tokens = {token_of(each) for each in history.held(self._server, user)}
        with receiver.lock:
            receiver.books.expect(tokens)
        written = Books(expected=receiver.books.expected)
        late = []
        with self._start(folder) as service:
            for what, came in (
                ("the webhook", receiver.all_came),
                ("the file", lambda: _is_written(folder, written)),
                ("the guard", lambda: self._is_done(folder, receiver, written)),
            ):
                try:
                    wait_until(came, within=SETTLING, what=what)
                except TimeoutError:
                    late.append(f"{folder.name}: {what} has not everything in {SETTLING:g} s")
            # Everything may have come before the last death: then it may not have its handlers yet.
            service.until_connected(within=SETTLING)
            service.send(signal.SIGTERM)
            if (status := service.ended(within=PATIENCE)) != 0:
                late.append(f"{folder.name}: SIGTERM ended it with {status}")
        return late

    def _keep(self, folder: Path, user: str, hooked: Books) -> None:
        """Write what the server holds now, what the guard did, and both books of deliveries."""
        history.write(folder / history.HELD, history.held(self._server, user))
        done = deeds.journal(self._state(folder))
        history.write(folder / history.JOURNAL, done)
        self.tally.update(
            "moved" if each.state is ActionState.DONE else each.state for each in done
        )
        written = Books()
        halves = _read(folder, written)
        for name, books in zip(history.RECEIVED, (hooked, written), strict=True):
            history.write(folder / name, books.receipts)
            told = deeds.tellings(books.of_type(APPLIED))
            history.write(folder / f"{history.TOLD}{name}", told)
            self.tally["events"] += len({each.id for each in books.receipts})
            self.tally["repeats"] += len(books.receipts) - len({e.id for e in books.receipts})
        self.tally["torn lines"] += halves
        self.tally["unparseable"] += len(hooked.of_type("message.unparseable"))
        self._server.expunge(user, "*")

    def _is_done(self, folder: Path, receiver: Receiver, written: Books) -> bool:
        done = deeds.journal(self._state(folder))
        with receiver.lock:
            hooked = receiver.books.of_type(APPLIED)
        return _is_written(folder, written) and not any(
            deeds.untold(done, deeds.tellings(told)) for told in (hooked, written.of_type(APPLIED))
        )

    def _forget(self, folder: Path) -> None:
        """Remove what the judgement does not need: the state, and the bodies of events."""
        shutil.rmtree(folder / "state", ignore_errors=True)
        (folder / "events.jsonl").unlink(missing_ok=True)
        if self._postgres is not None:
            asyncio.run(self._postgres.drop(self._database))


def _until(service: Service, done: Callable[[], bool], within: float) -> None:
    """Wait until something is so, the service has ended, or the time is over."""
    try:
        wait_until(lambda: service.process.poll() is not None or done(), within=within, what="")
    except TimeoutError:
        return


def _until_gone(service: Service) -> None:
    wait_until(
        lambda: not group_lives(service.process.pid),
        within=PATIENCE,
        what="what a killed service had started to end",
    )


def _is_written(folder: Path, written: Books) -> bool:
    written.receipts.clear()
    written.others.clear()
    _read(folder, written)
    return not written.missing


def _read(folder: Path, books: Books) -> int:
    """Enter what the file has; return how many of its lines are half a line."""
    halves = 0
    for line in (folder / "events.jsonl").read_bytes().splitlines():
        try:
            books.take(line)
        except json.JSONDecodeError:
            halves += 1
    return halves
