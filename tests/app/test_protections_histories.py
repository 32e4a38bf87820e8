"""Whatever files follow one another and whatever is done to the clock, nothing loosens early."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.trust import DAY, HOUR, START, Host, guard, host, text
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Mode

#: From the strictest to the loosest that is still there.
PACKS = [guard(text(at=at)) for at in (4, 4.5, 5, 5.5, 6)]
SHADOW = [replace(each, mode=Mode.SHADOW) for each in PACKS]
FILES: list[GuardSettings | None] = [*PACKS, *SHADOW, None]

#: What can happen: a file is written, the clock is set, the service runs, or starts anew.
STEPS = st.one_of(
    st.tuples(st.just("file"), st.integers(0, len(FILES) - 1)),
    st.tuples(st.just("clock"), st.sampled_from([-DAY, HOUR, DAY, 30 * DAY])),
    st.tuples(st.just("run"), st.sampled_from([HOUR, 12 * HOUR, DAY - HOUR, DAY])),
    st.tuples(st.just("restart"), st.just(0)),
)


@dataclass(slots=True)
class Wish:
    """What the file says in one aspect, and since when by each clock."""

    of: object
    ran: float = 0.0
    wall: float = START

    def says(self, of: object, wall: float) -> None:
        """Learn what the file says now."""
        if of != self.of:
            self.of, self.ran, self.wall = of, 0.0, wall

    def is_due(self, wall: float) -> bool:
        """Whether it has stood for the whole delay."""
        return self.ran >= DAY and wall - self.wall >= DAY


class History:
    """What the file says, aspect by aspect."""

    def __init__(self, file: GuardSettings) -> None:
        self.file: GuardSettings | None = file
        self.mode = Wish(file.mode)
        self.text = Wish(file.text)

    def says(self, file: GuardSettings | None, wall: float) -> None:
        """Learn of another file."""
        self.file = file
        self.mode.says(None if file is None else file.mode, wall)
        self.text.says(None if file is None else file.text, wall)


def leniency(posted: GuardSettings | None) -> int:
    """Return how lenient a guard is: one that does not act is most."""
    if posted is None or posted.mode is not Mode.ACT:
        return len(PACKS)
    return next(number for number, each in enumerate(PACKS) if each.text == posted.text)


async def lived(steps: list[tuple[str, float]]) -> None:
    """Live through a history, and look at each step whether what loosened was due."""
    async with host(PACKS[2]) as at:
        now = History(PACKS[2])
        for kind, value in steps:
            before = at.posted
            await step(at, now, kind, value)
            if leniency(at.posted) > leniency(before):
                # The wish stood in the file for the whole delay, by both clocks.
                assert leniency(at.posted) <= leniency(now.file)
                acts = at.posted is not None and at.posted.mode is Mode.ACT
                free = before is None or before.mode is not Mode.ACT
                assert free or (now.text if acts else now.mode).is_due(at.clock.now())


async def step(at: Host, now: History, kind: str, value: float) -> None:
    """Let one thing happen."""
    match kind:
        case "file":
            wanted = FILES[int(value)]
            now.says(wanted, at.clock.now())
            await at.read(*(() if wanted is None else (wanted,)))
        case "clock":
            at.clock.time += value
            await at.trust.protections.look()
        case "run":
            await at.run_for(value)
            now.mode.ran += value
            now.text.ran += value
        case _:
            await at.restart()


# Little is asked for, much when that is nearly due; the clock is set while the service stands.
@example([("file", 3), ("run", DAY - HOUR), ("file", 4), ("run", HOUR)])
@example([("file", 4), ("clock", 30 * DAY), ("restart", 0)])
@example([("file", 10), ("run", DAY - HOUR), ("clock", -DAY), ("run", HOUR)])
@settings(max_examples=150)
@given(st.lists(STEPS, max_size=12))
def test_no_history_loosens_anything_early(steps: list[tuple[str, float]]) -> None:
    """Neither at once, nor by a set clock, a restart, or a wish that takes another's place."""
    asyncio.run(lived(steps))


@settings(max_examples=50)
@given(st.lists(STEPS, max_size=8), st.integers(0, len(FILES) - 1))
def test_what_is_wanted_for_long_enough_holds_in_the_end(
    steps: list[tuple[str, float]], last: int
) -> None:
    """Nobody is held for ever: a wish that stands has its way when it is due."""

    async def run() -> None:
        async with host(PACKS[2]) as at:
            now = History(PACKS[2])
            for kind, value in steps:
                await step(at, now, kind, value)
            await step(at, now, "file", last)
            # A clock that was set back has to come to where it was, too.
            for _ in range(2 + len(steps)):
                await at.run_for(DAY)
            assert at.posted == FILES[last]

    asyncio.run(run())
