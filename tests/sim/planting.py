"""What a planted defect is, and how several patches are one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

from tests.sim.guarded import Deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """``plant`` patches the engine for as long as its context lasts.

    ``deeds`` says that it can show only where a guard does one of these. ``near`` is a seed shortly
    before one in which it shows, for a defect that shows in one of some dozens.
    """

    about: str
    breaks: str
    plant: Callable[[], AbstractContextManager[Any]]
    deeds: frozenset[Deed] = frozenset()
    near: int = 1


def together(*patches: AbstractContextManager[Any]) -> AbstractContextManager[Any]:
    """Return several patches as one."""
    stack = ExitStack()
    for each in patches:
        stack.enter_context(each)
    return stack
