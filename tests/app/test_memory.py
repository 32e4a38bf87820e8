"""The heap's thresholds: set where the C library has them, and no error where it has not."""

from __future__ import annotations

import ctypes
import platform
import sys

import pytest

from vedette.app.memory import give_back, settle_allocator


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
