"""Scorers are seated as packs ask for them, and a model that was trained anew is read anew."""

from __future__ import annotations

import asyncio
import os
from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.packs import packed
from tests.support.scorers import letter
from tests.support.service import PATIENCE
from vedette.app import scorers
from vedette.app.scorers import Seating
from vedette.config.settings import GuardSettings, ScorerSettings, Settings
from vedette.engine.panel import Panel
from vedette.guard.classifier import BUCKETS, Model, encoded
from vedette.guard.pack import Pack
from vedette.ports.scorer import Scorer
from vedette.scorers.classifier import model_path

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


def settings(state: Path, *scorers: ScorerSettings, pack: Pack = ASKS) -> Settings:
    """Return settings with a guard that asks for a model."""
    guard = GuardSettings(pack=pack, text="", base=state)
    return Settings(state=state, guards=(guard,), scorers=scorers)


def write(state: Path, bias: float) -> Path:
    """Write a model that thinks the same of all mail."""
    path = model_path(state, "learned")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encoded(Model(weights=array("f", bytes(4 * BUCKETS)), bias=bias)))
    return path


class Watched(Panel):
    """A panel that says when it was seated anew."""

    def __init__(self) -> None:
        super().__init__()
        self.seated = asyncio.Event()

    async def seat(self, scorers: Sequence[Scorer]) -> None:
        """Seat them, and say so."""
        await super().seat(scorers)
        self.seated.set()


async def opinion(panel: Panel) -> float:
    """Return what the model thinks of a letter; a half where there is none."""
    [found] = await panel.opinions([ASKS], [letter()])
    return found.get("learned", 0.5)


async def test_a_model_is_found_by_its_name_and_read_anew_when_it_changed(tmp_path: Path) -> None:
    """Whoever trains it again has the new one with the next reading of the configuration."""
    panel = Panel()
    seating = Seating(panel)
    write(tmp_path, -9.0)
    await seating.apply(settings(tmp_path))
    [first] = await panel.opinions([ASKS], [letter()])
    path = write(tmp_path, 9.0)
    os.utime(path, ns=(1, 1))
    await seating.apply(settings(tmp_path))
    [second] = await panel.opinions([ASKS], [letter()])
    assert first["learned"] < 0.01
    assert second["learned"] > 0.99


@pytest.mark.parametrize("content", [None, b"vedette-model 1 abc\n"], ids=["missing", "damaged"])
async def test_a_model_that_can_not_be_had_is_told_and_guards_stand_without_it(
    tmp_path: Path, content: bytes | None
) -> None:
    """A broken model never stops a service."""
    panel = Panel()
    if content is not None:
        write(tmp_path, 0).write_bytes(content)
    with capture_logs() as lines:
        await Seating(panel).apply(settings(tmp_path))
    assert [(line["event"], line["scorer"]) for line in lines] == [("scorer.missing", "learned")]
    assert await panel.opinions([ASKS], [letter()]) == [{}]


async def test_a_model_that_is_trained_while_the_service_runs_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a restart nor a change of the configuration is needed, also for the first one."""
    monkeypatch.setattr(scorers, "LOOK", 0.01)
    panel = Watched()
    seating = Seating(panel)
    await seating.apply(settings(tmp_path))
    await seating.start()
    try:
        async with asyncio.timeout(PATIENCE):
            for bias in (9.0, -9.0):
                panel.seated.clear()
                write(tmp_path, bias)
                await panel.seated.wait()
                assert (await opinion(panel) > 0.5) is (bias > 0)
    finally:
        await seating.stop()
    assert await panel.opinions([ASKS], [letter()]) == [{}]


@pytest.mark.parametrize("content", [None, b"vedette-model 1 abc\n"], ids=["gone", "damaged"])
async def test_a_model_that_breaks_leaves_the_last_good_one(
    tmp_path: Path, content: bytes | None
) -> None:
    """It is told in one line, however often it is looked at; the next good one takes over."""
    panel = Panel()
    seating = Seating(panel)
    path = write(tmp_path, 9.0)
    await seating.apply(settings(tmp_path))
    path.unlink() if content is None else path.write_bytes(content)
    with capture_logs() as lines:
        for _ in range(3):
            await seating.look()
        await seating.apply(settings(tmp_path))
    assert [(line["event"], line["scorer"]) for line in lines] == [("scorer.kept", "learned")]
    assert await opinion(panel) > 0.99

    write(tmp_path, -9.0)
    await seating.look()
    assert await opinion(panel) < 0.01


async def test_a_model_that_did_not_change_keeps_its_seat(tmp_path: Path) -> None:
    """A look costs a stat and no reading."""
    panel = Panel()
    seating = Seating(panel)
    write(tmp_path, 9.0)
    await seating.apply(settings(tmp_path))
    before = [seat.scorer for seat in panel._seats]
    await seating.look()
    await seating.apply(settings(tmp_path))

    assert all(seat.scorer is known for seat, known in zip(panel._seats, before, strict=True))


async def test_a_service_of_that_name_takes_the_place_of_a_model(tmp_path: Path) -> None:
    """What the configuration names is asked, and nothing is looked for on the disk."""
    panel = Panel()
    seating = Seating(panel)
    with capture_logs() as lines:
        await seating.apply(
            settings(tmp_path, ScorerSettings(name="learned", url="http://127.0.0.1:1"))
        )
        assert lines == []
        assert await panel.opinions([ASKS], [letter()]) == [{}]
    assert [line["event"] for line in lines] == ["scorer.silent"]
    await seating.stop()
    with capture_logs() as lines:
        assert await panel.opinions([ASKS], [letter()]) == [{}]
    assert lines == []
