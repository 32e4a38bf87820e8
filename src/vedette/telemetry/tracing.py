"""Traces: one for each message, from its announcement to each attempt to deliver its event.

::

    message ─┬─ fetch    announced ─► in hand
             ├─ read     in hand ─► read
             ├─ judge    read ─► what guards say of it, rendered
             ├─ commit   handed to the store ─► on disk
             └─ attempt  begun ─► the endpoint's answer, once for each

The ids are functions of the event's id, so nothing is carried from the commit to the attempt: they
fit together across a restart, and between instances. Whoever knows an event's id knows its trace.
Where nobody set a tracer all of this costs one comparison with None. It must not know a library.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """When a message came how far, in seconds since 1970; ``announced`` is None for old mail."""

    announced: float | None
    fetched: float
    read: float
    judged: float
    committed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt, as ``Passage``. ``kind`` is the type of the event, ``outcome`` one word."""

    event: str
    kind: str
    endpoint: str
    number: int
    began: float
    ended: float
    outcome: str


class Tracer(Protocol):
    """Who takes spans. It never waits, and never raises."""

    def passed(self, event: str, kind: str, passage: Passage) -> None:
        """Take the way of a message whose event was committed."""

    def tried(self, attempt: Try) -> None:
        """Take an attempt to deliver an event."""


class Tracing:
    """Whether the process traces, and by whom."""

    __slots__ = ("tracer",)

    def __init__(self) -> None:
        self.tracer: Tracer | None = None


#: As the numbers, the traces are of the process.
TRACING: Final = Tracing()


def trace_id(event: str) -> int:
    """Return the trace of an event, never 0: the event's id itself, which is a UUID."""
    try:
        return UUID(event).int or 1
    except ValueError:
        return int.from_bytes(_digest(event, size=16)) or 1


def root_id(event: str) -> int:
    """Return the span of a message, never 0 (W3C Trace Context section 3.2.2.4)."""
    return int.from_bytes(_digest(event)) or 1


def step_id(event: str, step: str) -> int:
    """Return the span of a step on the way of a message."""
    return int.from_bytes(_digest(event, "step", step)) or 1


def attempt_id(event: str, endpoint: str, number: int) -> int:
    """Return the span of an attempt."""
    return int.from_bytes(_digest(event, "attempt", endpoint, str(number))) or 1


def traceparent(event: str, endpoint: str, number: int) -> str:
    """Return the header field of an attempt (W3C Trace Context section 3.2), sampled."""
    return f"00-{trace_id(event):032x}-{attempt_id(event, endpoint, number):016x}-01"


def _digest(*words: str, size: int = 8) -> bytes:
    said = "\0".join(words).encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=size, person=b"vedette trace").digest()
