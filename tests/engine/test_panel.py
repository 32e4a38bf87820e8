"""The panel asks scorers, and mail never waits for one that is late, fails or talks nonsense."""

from __future__ import annotations

import asyncio
import math

import pytest
import structlog
from structlog.testing import capture_logs

from tests.support.packs import packed
from tests.support.scorers import Broken, Opinionated, Silent, letter
from vedette.engine import panel as panel_module
from vedette.engine.panel import FAILURES, Panel

ASKS = packed(
    """\
guard: asks
symbols:
  LEARNED: {classifier: learned, map: {0.5: 1}, score: 1}
  OTHER: {where: subject, phrases: [win], score: 2}
verdicts:
  - {do: flag, at: 2, need: OTHER}
"""
)
ASKS_NOBODY = packed(
    """\
guard: plain
symbols:
  OTHER: {where: subject, phrases: [win], score: 2}
verdicts:
  - {do: flag, at: 2, need: OTHER}
"""
)


async def test_every_letter_has_the_opinions_of_the_scorers_that_a_pack_asks_for() -> None:
    """Twenty letters, of which eight are shown at once, all come back with an opinion."""
    found = await Panel([Opinionated()]).opinions([ASKS], [letter() for _ in range(20)])
    assert found == [{"learned": 1.0}] * 20


async def test_a_scorer_that_no_pack_asks_for_is_not_asked() -> None:
    """Mail is shown to nobody whom a pack does not name."""
    named, other = Opinionated(), Opinionated("other")
    assert await Panel([named, other]).opinions([ASKS_NOBODY], [letter()]) == [{}]
    await Panel([named, other]).opinions([ASKS], [letter()])
    assert (named.asked, other.asked) == (1, 0)


async def test_a_scorer_that_never_answers_has_no_opinion_and_is_waited_for_once() -> None:
    """A hundred letters are through within the patience of one commit; the other scorer is heard."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    fast = Opinionated("fast", learned=0.9)
    found = await Panel([Silent(), fast]).opinions([ASKS], [letter() for _ in range(100)])
    assert loop.time() - begun < panel_module.PATIENCE + 0.5
    assert found == [{"learned": 0.9}] * 100


async def test_a_scorer_that_fails_again_and_again_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After some failures in a row nobody asks; after the rest one message tries, and all ask again."""
    scorer = Broken()
    panel = Panel([scorer])
    for _ in range(FAILURES + 3):
        assert await panel.opinions([ASKS], [letter()]) == [{}]
    assert scorer.asked == FAILURES
    clock = asyncio.get_running_loop().time
    monkeypatch.setattr(
        asyncio.get_running_loop(), "time", lambda: clock() + panel_module.REST, raising=False
    )
    await panel.opinions([ASKS], [letter() for _ in range(8)])
    assert scorer.asked == FAILURES + 1
    monkeypatch.setattr(
        asyncio.get_running_loop(), "time", lambda: clock() + 2 * panel_module.REST, raising=False
    )
    scorer.is_well = True
    await panel.opinions([ASKS], [letter()])
    assert await panel.opinions([ASKS], [letter()] * 8) == [{"learned": 1.0}] * 8


async def test_failures_of_a_scorer_are_one_line_of_the_log_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first failure is told, the next four are not."""
    panel = Panel([Broken()])
    # Whoever configured the log before has it kept as it was then.
    monkeypatch.setattr(panel_module, "_log", structlog.get_logger())
    with capture_logs() as lines:
        await panel.opinions([ASKS], [letter()] * 5)
    [line] = lines
    assert (line["event"], line["scorer"], line["error"]) == (
        "scorer.silent",
        "learned",
        "nobody listens",
    )


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
async def test_what_is_no_number_from_0_to_1_is_no_opinion(value: float) -> None:
    """A scorer can not say more than 1."""
    assert await Panel([Opinionated(learned=value)]).opinions([ASKS], [letter()]) == [{}]


async def test_a_scorer_that_raises_anything_has_no_opinion() -> None:
    """A defect of a scorer holds up nobody."""

    class Defective(Opinionated):
        async def opinions(self, letter: object) -> dict[str, float]:
            raise KeyError(letter)

    assert await Panel([Defective()]).opinions([ASKS], [letter()]) == [{}]


async def test_scorers_that_leave_the_panel_are_closed_and_those_that_stay_are_not() -> None:
    """A failing scorer that stays is not forgiven by a new configuration."""
    staying, leaving = Opinionated(), Opinionated("other")
    panel = Panel([staying, leaving])
    await panel.seat([staying])
    assert (staying.is_closed, leaving.is_closed) == (False, True)
