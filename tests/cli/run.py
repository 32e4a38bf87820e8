"""Commands in the process of a test, and what they print.

Must not know: any command.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

#: Runs a command and returns what came of it.
Command: TypeAlias = Callable[..., "Done"]
#: The same, of a service or a state that is settled.
Run: TypeAlias = Callable[..., "Done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a command."""

    status: int
    out: str
    err: str


def noun(done: Done) -> dict[str, Any]:
    """Return the one line of JSON that a command printed."""
    assert done.status == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def nouns(done: Done) -> list[dict[str, Any]]:
    """Return the lines of JSON that a command printed."""
    assert done.status == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def lines(done: Done) -> dict[str, str]:
    """Return what a person reads: members and their values."""
    assert done.status == 0, done.err
    pairs = (line.split(maxsplit=1) for line in done.out.splitlines())
    return {name: rest[0] for name, *rest in pairs if rest}


def refused(done: Done, status: int) -> str:
    """Return the one line of a refusal."""
    assert done.status == status, done
    [line] = done.err.splitlines()
    assert line.startswith("vedette: ")
    assert done.out == ""
    return line
