"""One life of a service that ends at a named point, and the books on it.

Must not know: which deaths a test is about, and what of them may come twice.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.nursery import Nursery, arm
from tests.support.process import group_lives, wait_until
from tests.support.receiver import Receiver
from tests.support.service import PATIENCE, Configuration, Service, account
from vedette.crashpoint import Crashpoint

#: One message in one piece of TLS, one in several, one that goes through a spool file.
SIZES = (10, 40_000, 200_000)
#: What is old by its date is told because the settings ask for it, and for no other reason.
LAST_YEAR = '"20-Nov-2025 10:00:00 +0000"'
#: A point is reached within so many messages, or never.
MOST = 12
#: Seconds between two of them: most points are reached at once.
PACE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A death and what is around it.

    ``way``: ``first`` is the first start, with mail there that is to be told;
    ``away`` a later one, with mail that came meanwhile; ``watching`` is mail
    that comes while the folder is watched, and visits count from the connect,
    and from the first visit of ``after`` where that is given; ``ending`` is
    mail that comes while it is told to end.
    ``torn``: half a line may be left in the file. ``repeats``: so many
    deliveries may come twice at each endpoint, each time with the same id.
    """

    point: Crashpoint
    way: str
    visit: int = 1
    after: Crashpoint | None = None
    repeats: int = 0
    torn: bool = False

    def __str__(self) -> str:
        after = "" if self.after is None else f" after {self.after}"
        return f"{self.point}{after}, {self.way}, visit {self.visit}"

    @property
    def fate(self) -> dict[str, object]:
        """What the process is told."""
        return {
            "point": self.point,
            "visit": self.visit,
            "armed": self.way not in {"watching", "ending"},
            "after": self.after,
        }


class Scene:
    """One mailbox, its endpoints, and what is known of both sides."""

    def __init__(
        self,
        nursery: Nursery,
        server: Dovecot,
        user: str,
        folder: Path,
        receiver: Receiver,
        *,
        tail: str = "",
    ) -> None:
        """``tail`` is what else is in the configuration: another store, say."""
        self.nursery = nursery
        self.server = server
        self.user = user
        self.folder = folder
        self.receiver = receiver
        self.lines = folder / "events.jsonl"
        self.ran = folder / "ran"
        self.sizes = cycle(SIZES)
        self.config = Configuration(
            file=folder / "vedette.toml",
            state=folder / "state",
            accounts={
                "box": account(
                    user,
                    port=server.tls_port,
                    ca_file=server.ca_file,
                    # What lies there before the first watch is to be told too.
                    more="start = 100\n",
                )
            },
            endpoints={
                "hook": f'type = "webhook"\nurl = "{receiver.url}"\nevents = ["message.*"]',
                "file": f'type = "file"\npath = "{self.lines}"',
            },
            tail=tail,
        )
        self.config.write()

    def run_commands(self) -> None:
        """Add an endpoint that runs a command for each event, which leaves a file of it."""
        self.ran.mkdir()
        self.config.endpoints["run"] = (
            'type = "exec"\nevents = ["message.*"]\n'
            # Its shell may outlive the service and meet those of the next: a file for each.
            f'command = "cat > {self.ran}/$VEDETTE_EVENT_ID.$$"'
        )
        self.config.write()

    @property
    def files(self) -> list[Path]:
        """Where else deliveries end up."""
        return [self.lines, self.ran] if self.ran.exists() else [self.lines]

    def arrive(self, count: int) -> None:
        """Deliver so many messages, of all sizes in turn."""
        for _ in range(count):
            self.server.deliver(self.user, self.letter())

    def lie_there(self, count: int) -> None:
        """Put so many messages of last year into INBOX."""
        with self.server.client(self.user) as client:
            for _ in range(count):
                answer, words = client.append("INBOX", "", LAST_YEAR, self.letter())
                assert answer == "OK", words

    def letter(self) -> bytes:
        body = b"x" * 70 + b"\r\n"
        return letter(new_token(), body=body * (1 + next(self.sizes) // len(body)))

    def life(self, fate: dict[str, object] | None = None) -> Service:
        return self.nursery.service(
            ["serve", "--config", str(self.folder / "vedette.toml")], folder=self.folder, fate=fate
        )

    def die(self, case: Case) -> None:
        """Live until the point is reached, and no longer; mail goes on coming."""
        with self.life(case.fate) as service:
            if case.way in {"watching", "ending"}:
                service.until_connected()
                arm(service)
                self.arrive(len(SIZES))
            if case.way == "ending":
                service.send(signal.SIGTERM)
            for _ in range(MOST):
                if _ends(service, PACE):
                    break
                self.arrive(1)
            else:
                # All the mail it takes is there; a busy machine may not even have logged in.
                _ends(service, PATIENCE)
            status = service.process.poll()
            assert status is not None, f"{case} was never reached: {service.err[-2000:]}"
            assert status == -signal.SIGKILL, service.err[-2000:]
        wait_until(
            lambda: not group_lives(service.process.pid),
            within=60,
            what="what it had started to end",
        )

    def expect_all(self) -> None:
        """Expect all that the server holds, each message once at each endpoint."""
        self.receiver.books.expect_held(self.server.holdings(self.user))

    def recover(self) -> None:
        """Run in peace until everything has come everywhere, and end in order."""
        wanted = set(self.receiver.books.expected)
        with self.life() as service:
            # Everything may have come before the death: then this waits for its signal handlers.
            service.until_connected()
            wait_until(self.receiver.all_came, within=60, what="the webhook to have everything")
            for file in self.files:
                wait_until(
                    lambda file=file: wanted <= _tokens(file),  # type: ignore[misc]
                    within=60,
                    what=f"{file.name} to have everything",
                )
            service.send(signal.SIGTERM)
            assert service.ended() == 0, service.err[-2000:]

    def check(self, *, repeats: int, torn: int) -> None:
        """Hold what the server has against what each endpoint got."""
        assert self.receiver.books.expected
        # A command of a service that dies may get half of its input, as often as it is repeated.
        halves = {self.lines: torn, self.ran: repeats}
        for books in (self.receiver.books, *(self.book(file, halves[file]) for file in self.files)):
            verdict = books.check()
            assert verdict.repeats <= repeats, str(verdict)

    def book(self, file: Path, torn: int) -> Books:
        """Return what a file holds as books; at most ``torn`` of its lines are half a line."""
        books = Books(expected=self.receiver.books.expected)
        halves = 0
        for line in _lines(file):
            try:
                books.take(line)
            except json.JSONDecodeError:
                halves += 1
        assert halves <= torn
        return books


def _ends(service: Service, within: float) -> bool:
    try:
        wait_until(lambda: service.process.poll() is not None, within=within, what="the death")
    except TimeoutError:
        return False
    return True


def _lines(file: Path) -> list[bytes]:
    """Return what stands in a file, or in those of a folder, line by line."""
    if file.is_dir():
        return [line for each in file.iterdir() for line in _lines(each)]
    return file.read_bytes().splitlines() if file.exists() else []


def _tokens(file: Path) -> set[str]:
    """Return the subjects of whole lines."""
    found = set()
    for line in _lines(file):
        try:
            found.add(json.loads(line)["data"].get("subject"))
        except json.JSONDecodeError:
            # Half a line, from a death or from a write that goes on.
            continue
    return found
