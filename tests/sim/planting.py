"""What a planted defect is, and how several patches are one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """``plant`` patches the engine for as long as its context lasts.

    ``guarded`` says that it can show only where a guard stands.
    """

    about: str
    breaks: str
    plant: Callable[[], AbstractContextManager[Any]]
    guarded: bool = False


def together(*patches: AbstractContextManager[Any]) -> AbstractContextManager[Any]:
    """Return several patches as one."""
    stack = ExitStack()
    for each in patches:
        stack.enter_context(each)
    return stack
