"""What this process has learnt of how long a host lets a quiet link live."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from vedette.ports.link import Target
from vedette.sync.idling import IdleLength

#: Hosts remembered; a fleet meets far fewer providers.
MAX_HOSTS = 1_000


class IdleBook:
    """The lengths of IDLE by host, shared by all accounts of an engine. ``now`` is loop time."""

    __slots__ = ("_lengths", "_meters")

    def __init__(self) -> None:
        self._lengths: dict[tuple[str, int], IdleLength] = {}
        self._meters: dict[tuple[str, int], Callable[[], float]] = {}

    def length(self, target: Target) -> float:
        """Return how long an IDLE may last at this host, in seconds."""
        return self._get(target).seconds

    def meter(self, target: Target) -> Callable[[], float]:
        """Return what tells ``length`` from now on: one for all accounts of a host."""
        key = (target.host, target.port)
        found = self._meters.get(key)
        if found is None:
            found = partial(self.length, target)
            if len(self._meters) < MAX_HOSTS:
                self._meters[key] = found
        return found

    def dropped(self, target: Target, quiet: float, now: float) -> None:
        """Learn that a link was lost after ``quiet`` seconds without a byte."""
        self._put(target, self._get(target).dropped(quiet, now))

    def held(self, target: Target, quiet: float, now: float) -> None:
        """Learn that a link answered after ``quiet`` seconds without a byte."""
        self._put(target, self._get(target).held(quiet, now))

    def _get(self, target: Target) -> IdleLength:
        return self._lengths.get((target.host, target.port), IdleLength())

    def _put(self, target: Target, length: IdleLength) -> None:
        key = (target.host, target.port)
        if key in self._lengths or len(self._lengths) < MAX_HOSTS:
            self._lengths[key] = length
