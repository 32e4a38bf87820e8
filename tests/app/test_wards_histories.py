"""Whatever files follow one another, an account that is protected is not watched less too early."""

from __future__ import annotations

import asyncio

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.trust import DAY, HOUR, START, Host, account, guard, host
from vedette.app.guards.sight import Sight, lost, sight, wider
from vedette.config.settings import AccountSettings
from vedette.model.account import Depth

ANNA = account("anna", folders=("INBOX", "Archive"))
FILES: list[AccountSettings | None] = [
    ANNA,
    account("anna", folders=("INBOX",)),
    account("anna", folders=("Archive", "Other")),
    account("anna", folders=("INBOX", "Archive"), depth=Depth.METADATA),
    account("anna", folders=("*",), depth=Depth.FULL),
    None,
]

STEPS = st.one_of(
    st.tuples(st.just("file"), st.integers(0, len(FILES) - 1)),
    st.tuples(st.just("change"), st.integers(0, len(FILES) - 1)),
    st.tuples(st.just("clock"), st.sampled_from([-DAY, HOUR, DAY, 30 * DAY])),
    st.tuples(st.just("run"), st.sampled_from([HOUR, 12 * HOUR, DAY - HOUR, DAY])),
    st.tuples(st.just("restart"), st.just(0)),
)


class Promise:
    """What must be seen of the account, and since when its file asks for something else."""

    def __init__(self) -> None:
        self.floor: Sight | None = sight(ANNA)
        self.file: AccountSettings | None = ANNA
        self.ran = 0.0
        self.wall = START
        self.has_password = True

    def says(self, file: AccountSettings | None, wall: float) -> None:
        """Learn what the file says now."""
        if file != self.file:
            self.file, self.ran, self.wall = file, 0.0, wall

    def is_due(self, wall: float) -> bool:
        """Whether the file said so for the whole delay, by both clocks."""
        return self.ran >= DAY and wall - self.wall >= DAY

    def look(self, shown: AccountSettings | None, wall: float) -> None:
        """See whether what is watched is what was promised."""
        wished = None if self.file is None else sight(self.file)
        if self.is_due(wall):
            self.floor = wished
            assert shown == self.file
        elif shown is None:
            assert self.floor is None or not self.has_password
        else:
            assert self.floor is None or not lost(self.floor, sight(shown))
            self.floor = sight(shown) if self.floor is None else wider(self.floor, sight(shown))


async def lived(steps: list[tuple[str, float]]) -> None:
    """Live through a history, and look at each step."""
    async with host() as at:
        now = Promise()
        at.wanted, at.accounts = (guard(),), (ANNA,)
        await at.read(*at.wanted)
        for kind, value in steps:
            await step(at, now, kind, value)
            now.look(at.watched.get("anna"), at.clock.now())


async def step(at: Host, now: Promise, kind: str, value: float) -> None:
    """Let one thing happen."""
    match kind:
        case "file" | "change":
            file = FILES[int(value)]
            now.says(file, at.clock.now())
            now.has_password |= file is not None
            if kind == "change":
                await at.change(anna=file)
            else:
                at.accounts = () if file is None else (file,)
                await at.read(*at.wanted)
        case "clock":
            at.clock.time += value
            await at.trust.protections.look()
        case "run":
            await at.run_for(value)
            now.ran += value
        case _:
            now.has_password = now.file is not None
            await at.restart()


# Away for a moment, and back with less; and a clock that is set while the service stands.
@example([("file", 5), ("restart", 0), ("file", 1), ("run", HOUR)])
@example([("file", 1), ("run", DAY - HOUR), ("file", 3), ("run", HOUR)])
@example([("file", 2), ("clock", 30 * DAY), ("restart", 0)])
@example([("change", 5), ("run", HOUR), ("change", 0), ("change", 5), ("run", DAY - HOUR)])
@example([("change", 5), ("restart", 0), ("change", 0), ("change", 5), ("run", DAY)])
@example([("change", 5), ("change", 0), ("run", DAY), ("file", 5)])
@settings(max_examples=100)
@given(st.lists(STEPS, max_size=12))
def test_no_history_has_an_account_watched_less_too_early(steps: list[tuple[str, float]]) -> None:
    """Nor kept longer than its wish has stood."""
    asyncio.run(lived(steps))
