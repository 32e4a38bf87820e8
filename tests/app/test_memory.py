"""The heap's thresholds: set where the C library has them, and no error where it has not."""

from __future__ import annotations

import ctypes
import gc
import platform
import sys

import pytest

from vedette.app.memory import (
    collect_everything,
    give_back,
    settle_allocator,
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


def test_the_living_are_spared_until_everything_is_collected() -> None:
    """What is frozen is in no round of the collector but the thorough one."""
    living = [object() for _ in range(10)]
    collect_everything()

    spare_the_living()
    spared = gc.get_freeze_count()
    collect_everything()

    assert living
    assert spared > 0
    assert gc.get_freeze_count() == 0
