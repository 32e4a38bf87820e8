"""The scans of the example: one under way and one that waits, whatever comes."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.house.tree import ROOT
from tests.support.process import wait_until

WAIT = 30.0


@pytest.fixture
def trigger() -> Any:
    """Import the example afresh."""
    spec = importlib.util.spec_from_file_location("scan_trigger", ROOT / "examples/scan_trigger.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Held:
    """A scan that goes on until a test lets it end."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = threading.Semaphore(0)
        self.fails = False

    def __call__(self, account: str) -> None:
        self.begun.append(account)
        assert self.may_end.acquire(timeout=WAIT)
        if self.fails:
            raise OSError("the mailbox is busy")


def until(condition: Callable[[], bool]) -> None:
    wait_until(condition, within=WAIT, what="the scans")


def test_a_burst_during_a_scan_is_one_scan_more(trigger: Any) -> None:
    """A hundred events while it runs: not one scan fewer, and not one more."""
    trigger.scan = held = Held()
    scans = trigger.Scans()

    scans.trigger("anna", "e0")
    until(lambda: held.begun == ["anna"])
    for number in range(1, 101):
        scans.trigger("anna", f"e{number}")
    held.may_end.release()
    until(lambda: held.begun == ["anna", "anna"])
    held.may_end.release()
    until(lambda: not scans._wanted)

    assert held.begun == ["anna", "anna"]


def test_scans_of_two_mailboxes_do_not_wait_for_each_other(trigger: Any) -> None:
    """The bound is for each mailbox."""
    trigger.scan = held = Held()
    scans = trigger.Scans()

    scans.trigger("anna", "e0")
    scans.trigger("bert", "e1")
    until(lambda: sorted(held.begun) == ["anna", "bert"])
    held.may_end.release(2)
    until(lambda: not scans._wanted)


def test_a_scan_that_fails_does_not_take_the_next_one_along(
    trigger: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was wanted during it is done all the same."""
    trigger.scan = held = Held()
    held.fails = True
    scans = trigger.Scans()

    scans.trigger("anna", "e0")
    until(lambda: held.begun == ["anna"])
    scans.trigger("anna", "e1")
    held.may_end.release(2)
    until(lambda: held.begun == ["anna", "anna"] and not scans._wanted)

    assert "the mailbox is busy" in capsys.readouterr().err


def test_a_repeat_starts_no_scan(trigger: Any) -> None:
    """It was seen to when it came first; what is remembered has a bound."""
    trigger.scan = held = Held()
    trigger.REMEMBERED = 3
    scans = trigger.Scans()
    held.may_end.release(100)

    for _ in range(3):
        scans.trigger("anna", "e0")
    until(lambda: not scans._wanted)
    assert held.begun == ["anna"]
    for number in range(10):
        scans.trigger("bert", f"f{number}")
    until(lambda: not scans._wanted)
    assert list(scans._known) == ["f7", "f8", "f9"]
