"""The scorers that guards may ask, with a deadline and a breaker each: they never hold up mail.

A scorer that is late, fails or says nonsense has no opinion about that message. One that does so
again and again is left alone for a while. It must not know what an opinion is worth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from vedette.engine.share import Share
from vedette.errors import VedetteError
from vedette.guard.pack import Pack, Scored
from vedette.ports.scorer import Letter, Scorer

_log = structlog.stdlib.get_logger(__name__)

#: Seconds for one opinion: a hundred times what a scorer on the same host takes.
DEADLINE = 0.5
#: Seconds that the messages of one commit wait for opinions, all together.
PATIENCE = 1.0
#: Messages that are shown at once; a scorer is one process, or a few.
AT_ONCE = 8
#: Failures in a row after which a scorer is left alone.
FAILURES = 5
#: Seconds for which it is; then one message asks it again.
REST = 60.0
#: Seconds between two lines of the log about one scorer.
QUIET = 60.0
#: Opinions of one scorer about one message.
MAX_OPINIONS = 200


@dataclass(slots=True)
class _Seat:
    """One scorer and how it has done. Instants are the loop's, in seconds."""

    scorer: Scorer
    failures: int = 0
    rests_until: float = float("-inf")
    told_at: float = float("-inf")
    untold: int = 0
    is_tried: bool = False

    def is_free(self, now: float) -> bool:
        """Tell whether it may be asked: after a rest by one message at a time."""
        if self.failures < FAILURES:
            return True
        return now >= self.rests_until and not self.is_tried


class Panel:
    """The scorers of one host. With none it costs nothing."""

    __slots__ = ("_on_failure", "_seats")

    def __init__(
        self,
        scorers: Iterable[Scorer] = (),
        *,
        on_failure: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._seats = [_Seat(each) for each in scorers]
        #: Is told the name of a scorer with every failure.
        self._on_failure = on_failure

    async def seat(self, scorers: Sequence[Scorer]) -> None:
        """Replace the scorers; those that leave are closed."""
        staying = {id(each) for each in scorers}
        known = {id(seat.scorer): seat for seat in self._seats}
        leaving = [seat.scorer for seat in self._seats if id(seat.scorer) not in staying]
        self._seats = [known.get(id(each)) or _Seat(each) for each in scorers]
        for each in leaving:
            await each.close()

    async def opinions(
        self, packs: Iterable[Pack], letters: Sequence[Letter]
    ) -> list[Mapping[str, float]]:
        """Return for each letter what the scorers that packs ask for think of it.

        Never raises for a scorer's sake, and takes ``PATIENCE`` at most.
        """
        found: list[dict[str, float]] = [{} for _ in letters]
        asked = self._asked(packs) if self._seats else []
        if not asked:
            return list(found)
        loop = asyncio.get_running_loop()
        until, share = loop.time() + PATIENCE, Share()
        for start in range(0, len(letters), AT_ONCE):
            if loop.time() >= until:
                break
            pairs = [
                (number, seat)
                for number in range(start, min(start + AT_ONCE, len(letters)))
                for seat in asked
            ]
            answers = await asyncio.gather(
                *(self._one(seat, letters[number], until) for number, seat in pairs)
            )
            for (number, _), answer in zip(pairs, answers, strict=True):
                found[number].update(answer)
            if share.is_over:
                await share.give_way()
        return list(found)

    def _asked(self, packs: Iterable[Pack]) -> list[_Seat]:
        names = {
            symbol.test.scorer
            for pack in packs
            for symbol in pack.symbols
            if isinstance(symbol.test, Scored)
        }
        return [seat for seat in self._seats if any(map(seat.scorer.speaks_as, names))]

    async def _one(self, seat: _Seat, letter: Letter, until: float) -> Mapping[str, float]:
        """Ask one scorer about one letter; a failure is no opinion, and is counted."""
        now = asyncio.get_running_loop().time()
        if not seat.is_free(now):
            return {}
        seat.is_tried = True
        try:
            async with asyncio.timeout_at(min(now + DEADLINE, until)):
                given = await seat.scorer.opinions(letter)
            checked = _checked(seat.scorer, given)
        except TimeoutError:
            self._failed(seat, "is late")
            return {}
        except VedetteError as error:
            self._failed(seat, str(error))
            return {}
        except Exception as error:  # noqa: BLE001 - a defect of a scorer must never hold up mail
            self._failed(seat, type(error).__name__)
            return {}
        finally:
            seat.is_tried = False
        seat.failures = 0
        return checked

    def _failed(self, seat: _Seat, why: str) -> None:
        now = asyncio.get_running_loop().time()
        seat.failures += 1
        seat.untold += 1
        if seat.failures >= FAILURES:
            seat.rests_until = now + REST
        self._on_failure(seat.scorer.name)
        if now - seat.told_at >= QUIET:
            _log.warning("scorer.silent", scorer=seat.scorer.name, error=why, times=seat.untold)
            seat.told_at, seat.untold = now, 0


def _checked(scorer: Scorer, given: Mapping[str, float]) -> dict[str, float]:
    """Return opinions that are numbers from 0 to 1 and the scorer's own, up to a bound.

    A comparison with NaN is false, so it is no opinion either.
    """
    rows = zip(range(MAX_OPINIONS), given.items(), strict=False)
    return {name: value for _, (name, value) in rows if 0 <= value <= 1 and scorer.speaks_as(name)}
