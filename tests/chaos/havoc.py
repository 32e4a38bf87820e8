"""What is done to a running service, drawn from seeded dice.

The dice choose what is done and when; how far the service has come by then is
the machine's business, so a seed repeats the plan and not the interleaving.

Must not know: how a service is started, and what it should have delivered.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum, unique

from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.guards import unwanted
from vedette.crashpoint import Crashpoint


@unique
class End(StrEnum):
    """How a life ends."""

    EARLY = "early"
    """Killed within the start: imports, migration, login, first commands."""
    WATCHING = "watching"
    """Killed in the first moments of the watch, where cursors move and deliveries are under way."""
    POINT = "point"
    """Ends itself at a crash point, or is killed if it does not come there in time."""


@unique
class Mishap(StrEnum):
    """What else goes wrong in a life."""

    NONE = "none"
    PAUSE = "pause"
    """SIGSTOP, a while, SIGCONT: as a laptop that sleeps or a machine that swaps."""
    CUT = "cut"
    """The server's own processes for this user are killed: the line dies in mid-answer."""
    DOWN = "down"
    """The receiver of webhooks is gone for a moment, and its connections with it."""
    SEVERED = "severed"
    """Every connection to the database is cut, whatever is asked on it."""


#: In a life of a third of a second: so often each end and each mishap. A receiver that is down
#: costs deliveries an attempt, and after two of them they wait for five minutes: rare.
_ENDS = {End.EARLY: 25, End.WATCHING: 35, End.POINT: 40}
_MISHAPS = {Mishap.NONE: 74, Mishap.PAUSE: 12, Mishap.CUT: 12, Mishap.DOWN: 2}
#: Where there is a database that can be cut off.
_WITH_DATABASE = {**_MISHAPS, Mishap.NONE: 62, Mishap.SEVERED: 12}

#: Seconds after the start within which an early kill falls: a start takes 0.2, a cold one 0.5.
EARLY = 0.25
COLD = 0.6
#: Seconds after the connect within which the others do.
WATCH = 0.3
#: One start in so many is one of a fresh interpreter, as in earnest: it takes twice as long.
COLD_SHARE = 12
#: Seconds for the longest pause: longer than any wait of a local server or disk.
PAUSE = 0.25
#: Points that one sees only at the very first start, or only with an endpoint that is a command.
_RARE = frozenset(
    {
        Crashpoint.MIGRATING,
        Crashpoint.BASELINE_CHOSEN,
        Crashpoint.BASELINE_WRITTEN,
        Crashpoint.CHILD_SPAWNED,
    }
)
POINTS = tuple(point for point in Crashpoint if point not in _RARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One life: how it starts, what goes wrong, how and when it ends (in seconds)."""

    cold: bool
    end: End
    mishap: Mishap
    moment: float
    pause: float
    point: Crashpoint
    visit: int

    @property
    def fate(self) -> dict[str, object] | None:
        """What the process is told: the point at which it ends itself."""
        return {"point": self.point, "visit": self.visit} if self.end is End.POINT else None


def draw(dice: random.Random, *, database: bool = False) -> Plan:
    """Draw one life, of a service with a ``database`` apart or without."""
    mishaps = _WITH_DATABASE if database else _MISHAPS
    cold = dice.randrange(COLD_SHARE) == 0
    end = dice.choices(list(_ENDS), weights=list(_ENDS.values()))[0]
    early = COLD if cold else EARLY
    return Plan(
        cold=cold,
        end=end,
        mishap=dice.choices(list(mishaps), weights=list(mishaps.values()))[0],
        moment=dice.random() * (early if end is End.EARLY else WATCH),
        pause=dice.random() * PAUSE,
        point=dice.choice(POINTS),
        # Most points are visited a few times in a short life; later visits are rarer.
        visit=dice.choice((1, 1, 1, 2, 2, 3, 5)),
    )


def cut(server: Dovecot, user: str) -> int:
    """Kill the server's processes that serve this user; return how many."""
    count = 0
    for pid in server.session_pids(user):
        # It may have ended by itself since it was listed.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            count += 1
    return count


class Feeder:
    """Delivers mail without a pause until it is told to stop."""

    #: Seconds between two bursts, on average: some three messages fall into each short life.
    PACE = 0.12
    #: Octets of a body: one in a piece, one in several, one that goes through a spool file.
    SIZES = (10, 10, 10, 10, 10, 10, 30_000, 150_000)
    #: How many of the messages the guard moves away: often one of a burst, so that each short life
    #: has something for it to do, and what stays lies beside what goes.
    UNWANTED = 0.4

    def __init__(self, server: Dovecot, user: str, dice: random.Random) -> None:
        self._server = server
        self._user = user
        self._dice = dice
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.failures: Counter[str] = Counter()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the burst in hand."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._dice.random() * 2 * self.PACE):
            burst = [self._letter() for _ in range(self._dice.choice((1, 1, 1, 2, 5)))]
            folder = "Junk" if self._dice.random() < 0.2 else "INBOX"
            try:
                self._server.deliver_many(self._user, burst, folder=folder)
            except OSError as error:
                # What the server did not take it does not hold; what it holds is asked of it.
                self.failures[type(error).__name__] += 1

    def _letter(self) -> bytes:
        line = b"x" * 70 + b"\r\n"
        body = line * (1 + self._dice.choice(self.SIZES) // len(line))
        if self._dice.random() < self.UNWANTED:
            return unwanted(new_token(), text=body.decode())
        return letter(new_token(), body=body)
