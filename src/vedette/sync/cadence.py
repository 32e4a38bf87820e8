"""When to do what while a folder is watched: a machine that says when to wake it.

A push is a hint, so nothing depends on it: the folder is asked again by a
round trip every two minutes, all folders are synced every five whatever was
pushed, and the watched folder is opened anew at times (catalogue C1, I1, I4).
All instants are seconds on one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto


class Duty(Flag):
    """What is due; several may be due at once."""

    NOTHING = 0
    PROOF = auto()
    POLL = auto()
    SAFETY = auto()
    REOPEN = auto()
    RECHECK = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """The lengths, in seconds; each says where it comes from.

    ``proof``: two minutes is below every NAT and provider timeout seen in the
    field (the shortest is 3.5 minutes, I10). ``poll``: what a person accepts for
    a folder that is not pushed. ``safety``: the promise on a lying server (I1).
    ``reopen``: some servers show new mail only after a new SELECT (I1).
    ``recheck``: mail that slips in between FETCH and IDLE is seen within 5 s.
    """

    proof: float = 120.0
    poll: float = 60.0
    safety: float = 300.0
    reopen: float = 1800.0
    recheck: float = 4.0


class Cadence:
    """Keep the instants at which things are due for one connection."""

    __slots__ = ("_idle_length", "_poll", "_proof", "_recheck", "_reopened", "_synced", "_tempo")

    def __init__(self, tempo: Tempo, *, now: float, idle_length: Callable[[], float]) -> None:
        """Begin at ``now``, right before a first sync of every folder.

        ``idle_length`` tells how long an IDLE may last on this host, as far as is
        known by then.
        """
        self._tempo = tempo
        self._idle_length = idle_length
        self._proof = now + min(tempo.proof, idle_length())
        self._poll = now + tempo.poll
        # When each was done last, which is mostly the same instant: one object, not one for each.
        self._synced = self._reopened = now
        self._recheck: float | None = now + tempo.recheck

    def wake(self, *, polls: bool) -> float:
        """Return the instant of the next duty; ``polls`` is whether there are other folders."""
        tempo = self._tempo
        instants = [self._proof, self._synced + tempo.safety, self._reopened + tempo.reopen]
        if polls:
            instants.append(self._poll)
        if self._recheck is not None:
            instants.append(self._recheck)
        return min(instants)

    def due(self, now: float) -> Duty:
        """Return what is due at ``now``; it stays due until it is done."""
        if now < self.wake(polls=True):
            return Duty.NOTHING
        duty, tempo = Duty.NOTHING, self._tempo
        for flag, at in (
            (Duty.PROOF, self._proof),
            (Duty.POLL, self._poll),
            (Duty.SAFETY, self._synced + tempo.safety),
            (Duty.REOPEN, self._reopened + tempo.reopen),
            (Duty.RECHECK, self._recheck),
        ):
            if at is not None and at <= now:
                duty |= flag
        return duty

    def proved(self, now: float) -> None:
        """Note that a round trip ended: link and server were alive at ``now``."""
        self._proof = now + min(self._tempo.proof, self._idle_length())
        if self._recheck is not None and self._recheck <= now:
            self._recheck = None

    def worked(self, now: float) -> None:
        """Look once more soon after a folder was opened or read, for what came meanwhile."""
        self._recheck = now + self._tempo.recheck

    def settled(self) -> None:
        """Note that another look is near anyway."""
        self._recheck = None

    def strayed(self, now: float) -> None:
        """Ask the other folders soon: while one of them was open, nobody told what came to it."""
        self._poll = min(self._poll, now + self._tempo.recheck)

    def polled(self, now: float) -> None:
        """Note that the other folders were asked for their status."""
        self._poll = now + self._tempo.poll

    def synced(self, now: float) -> None:
        """Note that every folder was synced."""
        self._synced = now
        self.polled(now)

    def reopened(self, now: float) -> None:
        """Note that the watched folder was opened anew."""
        self._reopened = now
