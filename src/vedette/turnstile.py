"""Lets work that can wait through a little at a time, so that what can not wait goes in between.

A loop runs whatever is ready before it looks at its sockets again. When hundreds of coroutines
are ready that took their time anyway, such as logins, an event that just came waits for all of
them, and once more for each further step of its own. Those coroutines pass here before each of
their steps: so many a turn go on, first come, first served, and the others wait for the next.
What the work is, is not known here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: Seconds of such work in one turn of the loop: some three steps of a login. An event of a mailbox
#: takes six turns from its announcement to its commit. With a thousand logins beside it, it took
#: 6 ms at a median and 14 in the slowest of a hundred; 10 and 18 with twice this, 13 and 20 with
#: thrice. What a login costs was the same with each.
SHARE = 0.0003

#: Steps in one turn, however short they are: also where time does not pass during a turn.
STEPS = 16

#: The mean of the last so many steps says how many fit into a share.
REMEMBERED = 8


class Turnstile:
    """The steps of all coroutines that were given to ``paced`` go through this one."""

    __slots__ = ("_mean", "_share", "_spent", "_steps", "_taken", "_turning", "_waiting")

    def __init__(self, *, share: float = SHARE, steps: int = STEPS) -> None:
        self._share = share
        self._steps = steps
        self._waiting: deque[asyncio.Future[None]] = deque()
        # What was spent and taken since the last renewal, and whether there will be another one.
        self._spent = 0.0
        self._taken = 0
        self._turning = False
        self._mean = 0.0

    def paced(self, work: Coroutine[Any, Any, T]) -> Paced[T]:
        """Return what runs ``work`` when it is awaited, each step in its turn.

        A cancellation and a failed wait reach the work at once: its end is not put off.
        """
        return Paced(self, work)

    @property
    def is_open(self) -> bool:
        """Whether a step may be taken now: there is some of the share left, and nobody waits."""
        return not self._waiting and self._taken < self._steps and self._spent < self._share

    def queued(self) -> asyncio.Future[None]:
        """Return what is done when it is the caller's turn."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._turn()
        return waiter

    def took(self, seconds: float) -> None:
        """Note the length of a step that was taken."""
        self._taken += 1
        self._spent += seconds
        # The first one is all that is known.
        self._mean += (seconds - self._mean) / (REMEMBERED if self._mean else 1)
        self._turn()

    def _turn(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._renew)

    def _renew(self) -> None:
        """Begin a new turn: as many as fit go on in it, one at least."""
        self._spent, self._taken, self._turning = 0.0, 0, False
        fit = self._steps
        if self._mean > 0.0:
            fit = min(fit, max(1, int(self._share / self._mean)))
        while self._waiting and fit > 0:
            waiter = self._waiting.popleft()
            # One that was cancelled has left.
            if not waiter.done():
                waiter.set_result(None)
                fit -= 1
                self._turn()


class Paced(Generic[T]):
    """A coroutine whose steps pass a turnstile; await it once."""

    __slots__ = ("_turnstile", "_work")

    def __init__(self, turnstile: Turnstile, work: Coroutine[Any, Any, T]) -> None:
        self._turnstile = turnstile
        self._work = work

    def __await__(self) -> Generator[Any, None, T]:
        """Run the work to its end, as awaiting it would (PEP 492, PEP 380)."""
        work, turnstile = self._work, self._turnstile
        clock = asyncio.get_running_loop().time
        thrown: BaseException | None = None
        while True:
            if thrown is None and not turnstile.is_open:
                try:
                    yield from turnstile.queued()
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is the work's
                    thrown = error
            begun = clock()
            try:
                waits_for = work.send(None) if thrown is None else work.throw(thrown)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                turnstile.took(clock() - begun)
            thrown = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the work's
                thrown = error
