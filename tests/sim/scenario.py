"""One seed is one history: it happens here from the first boot to the checker's verdict."""

from __future__ import annotations

import gc
import tempfile
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tests.sim import words
from tests.sim.checker import Checker, Verdict, first_of
from tests.sim.household import Household
from tests.sim.loop import StuckError
from tests.sim.nemesis import Nemesis
from tests.sim.peace import keep_peace
from tests.sim.record import MAX_FAILURES
from tests.sim.scene import Scene
from tests.sim.setting import draw
from vedette import crashpoint


def play(
    seed: int, *, planted: AbstractContextManager[Any] | None = None, is_told: bool = False
) -> Verdict:
    """Let the history of a seed happen and judge it.

    ``planted`` breaks the engine for as long as it runs; with ``is_told`` the verdict has the story.
    """
    with (
        tempfile.TemporaryDirectory(prefix="vedette-sim-") as spool,
        planted or nullcontext(),
    ):
        scene = Scene(draw(seed), spool)
        scene.record.is_told = is_told
        return _played(scene)


def _played(scene: Scene) -> Verdict:
    collecting = gc.isenabled()
    # Nothing may depend on when the collector runs.
    gc.disable()
    crashpoint.observe(scene.reached)
    record, loop = scene.record, scene.loop
    try:
        with words.heard(record):
            try:
                loop.run(_history(scene))
            except StuckError as error:
                record.fail(str(error))
            failures = [*record.failures, *first_of(Checker(scene).check(), MAX_FAILURES)]
            loop.bury()
    finally:
        crashpoint.observe(None)
        if collecting:
            gc.enable()
    return Verdict(
        seed=scene.setting.seed,
        failures=tuple(failures),
        schedule_hash=loop.schedule_hash,
        steps=loop.steps,
        seconds=loop.time(),
        visits={str(point): count for point, count in record.visits.items()},
        story=tuple(record.lines),
    )


async def _history(scene: Scene) -> None:
    nemesis = Nemesis(scene)
    for _ in range(scene.setting.earlier):
        nemesis.deliver(1)
    household = None if scene.setting.guard is None else Household(scene, scene.setting.guard)
    if household is not None:
        scene.loop.create_task(household.live(), name="household")
    scene.boot()
    await nemesis.rage()
    if household is not None:
        household.end()
    await keep_peace(scene, nemesis)
