"""Planted defects: each breaks the engine in one way, and the checker must notice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """``plant`` patches the engine for as long as its context lasts."""

    about: str
    breaks: str
    plant: Callable[[], AbstractContextManager[Any]]


DEFECTS: dict[str, Defect] = {}
