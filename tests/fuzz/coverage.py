"""Which inputs are worth keeping: those that reach a step of the code that no smaller one does.

A step is a pair of lines of the package, one after the other. Must not know: what an input means.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import vedette

PACKAGE = vedette.__path__[0]

Step = tuple[str, int, int]


def steps(check: Callable[[bytes], None], data: bytes) -> set[Step]:
    """Return the steps that a check of ``data`` takes within the package."""
    taken: set[Step] = set()

    def entered(frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        path = frame.f_code.co_filename
        if not path.startswith(PACKAGE):
            return None
        last = 0

        def moved(inner: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
            nonlocal last
            if event == "line":
                taken.add((path, last, inner.f_lineno))
                last = inner.f_lineno
            return moved

        return moved

    sys.settrace(entered)
    try:
        check(data)
    finally:
        sys.settrace(None)
    return taken


def smallest(
    check: Callable[[bytes], None], known: Iterable[bytes], inputs: Iterable[bytes]
) -> list[bytes]:
    """Return those of ``inputs``, the smallest first, that take a step none before them took."""
    seen: set[Step] = set()
    for data in known:
        seen |= steps(check, data)
    kept = []
    for data in sorted(inputs, key=lambda each: (len(each), each)):
        fresh = steps(check, data) - seen
        if fresh:
            seen |= fresh
            kept.append(data)
    return kept
