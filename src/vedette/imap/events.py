"""What a connection tells its owner, beside the server's own responses (``responses``).

It must not know how a connection comes to tell it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NewType, TypeAlias

from vedette.errors import LinkError
from vedette.imap.codes import Code
from vedette.imap.commands import Command
from vedette.imap.framer import LiteralChunk
from vedette.imap.responses import Kind, Response
from vedette.secret import Secret

Tag = NewType("Tag", str)


@lru_cache(maxsize=256)
def tag_of(serial: int) -> Tag:
    """Return the tag of a connection's command: one string for all connections that are as far."""
    return Tag(f"V{serial}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The server's first words; ``status`` is OK, PREAUTH or BYE."""

    status: Kind
    code: Code | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleStarted:
    """The server said ``+`` to IDLE: it pushes until ``done()``."""

    tag: Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """The server refused a token and says why, in JSON as a rule; the refusal itself follows."""

    tag: Tag
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The tagged answer to a command: ``kind`` is OK, NO or BAD."""

    tag: Tag
    command: Command
    kind: Kind
    code: Code | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A response that could not be read and was left out. ``raw`` is cut short.

    Chunks of streamed literals that came since the last response belong to nobody.
    """

    reason: str
    raw: Secret[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fatal:
    """The end of the connection; no event follows, and no command will be answered."""

    error: LinkError


Event: TypeAlias = (
    Response | Greeting | IdleStarted | Challenge | Completed | LiteralChunk | Malformed | Fatal
)
