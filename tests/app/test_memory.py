"""The heap's thresholds: set where the C library has them, and no error where it has not."""

from __future__ import annotations

import ctypes
import gc
import platform
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from vedette.app.memory import (
    collect_everything,
    give_back,
    settle_allocator,
    spare_nothing,
    spare_the_living,
)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these thresholds")
def test_glibc_takes_all_thresholds() -> None:
    """mallopt(3) returns 1 for each."""
    assert settle_allocator()


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library is even opened there."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(ctypes, "CDLL")

    assert not settle_allocator()
    give_back()


def test_a_library_without_thresholds_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As musl: Linux, but neither mallopt nor malloc_trim."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())

    assert not settle_allocator()
    give_back()


def test_free_memory_is_given_back_as_often_as_one_likes() -> None:
    """It is called once a minute for ever."""
    give_back()
    give_back()


class Ring:
    """Holds itself, so that only the collector ends it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def usual() -> Iterator[None]:
    """Leave the collector as it was found, whatever becomes of the test."""
    yield
    spare_nothing()


@pytest.mark.usefixtures("usual")
def test_what_died_among_the_spared_is_found_by_the_thorough_round() -> None:
    """No usual round looks at it; the one over everything does, and spares the living again."""
    ring = Ring()
    gone = weakref.ref(ring)
    spare_the_living()
    del ring

    gc.collect()
    assert gone() is not None
    collect_everything()

    assert gone() is None
    assert gc.get_freeze_count() > 0


@pytest.mark.usefixtures("usual")
def test_who_survived_a_full_round_is_in_no_other() -> None:
    """The second full round looks at nothing that the first one found alive."""
    spare_the_living()
    living = [[number] for number in range(1_000)]

    gc.collect()

    assert living
    assert not gc.get_objects(generation=2)


ROUNDS = """
import gc
gc.set_threshold({first}, 10, 10)
from vedette.app.memory import collect_everything, spare_the_living
past = [[number] for number in range({past})]
gc.collect()
spare_the_living()
if {thorough}:
    collect_everything()
found = []
def look(phase, info):
    if phase == "start" and info["generation"] == 2:
        found.append(sum(len(gc.get_objects(generation=each)) for each in range(3)))
gc.callbacks.append(look)
living = [[number] for number in range(100_000)]
print(len(found), max(found))
"""


@pytest.mark.parametrize(
    ("past", "thorough", "first"),
    [
        pytest.param(0, False, 700, id="young"),
        pytest.param(400_000, False, 700, id="old"),
        pytest.param(400_000, True, 700, id="looked-through"),
        pytest.param(400_000, True, 2_000, id="of-a-later-python"),
    ],
)
def test_a_full_round_has_little_to_look_at(past: int, first: int, *, thorough: bool) -> None:
    """While a hundred thousand objects come to stay, no full round looks at a fifth of them.

    However many came before, and whatever a full round over those has found. Each in a process
    of its own, whose past is known.
    """
    rounds_of = ROUNDS.format(past=past, thorough=thorough, first=first)
    done = subprocess.run(
        [sys.executable, "-c", rounds_of], capture_output=True, text=True, check=True, timeout=60
    )

    rounds, most = map(int, done.stdout.split())
    assert rounds >= 5
    assert most < 20_000


@pytest.mark.usefixtures("usual")
def test_a_ring_that_came_and_went_is_collected() -> None:
    """Sparing the living keeps nobody from collecting what is dead before a full round."""
    spare_the_living()
    ring = Ring()
    gone = weakref.ref(ring)

    del ring
    gc.collect()

    assert gone() is None


def test_sparing_ends_without_a_trace() -> None:
    """Thresholds, callbacks and what was frozen are as before."""
    before = gc.get_threshold(), list(gc.callbacks)

    spare_the_living()
    spare_nothing()

    assert (gc.get_threshold(), list(gc.callbacks)) == before
    assert gc.get_freeze_count() == 0
