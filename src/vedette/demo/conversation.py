"""What one conversation has at hand: who it is with, what is open, and what is to be sent.

The commands are functions of this and of their arguments. It must not know sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from vedette.demo.arguments import Arguments, BadSyntaxError
from vedette.demo.mailbox import Mailbox, Maildrop
from vedette.demo.view import SYSTEM_FLAGS, View

#: Keywords on one message; more are a mistake.
MAX_KEYWORDS: Final = 64

_SYSTEM: Final = {flag.lower(): flag for flag in SYSTEM_FLAGS}


class RefusedError(Exception):
    """The command is right and is not done: NO. The message may begin with a response code."""


@dataclass(slots=True, kw_only=True)
class Conversation:
    """The state that commands share. ``wake`` is called when an open mailbox changes."""

    drops: Mapping[str, Maildrop]
    now: Callable[[], float]
    wake: Callable[[], None]
    out: bytearray = field(default_factory=bytearray)
    drop: Maildrop | None = None
    view: View | None = None

    @property
    def owner(self) -> Maildrop:
        """The maildrop of who logged in."""
        if self.drop is None:
            raise RefusedError("log in first")
        return self.drop

    @property
    def opened(self) -> View:
        """The mailbox that is open."""
        if self.view is None:
            raise RefusedError("open a mailbox first")
        return self.view

    @property
    def writable(self) -> View:
        """The mailbox that is open, and not by EXAMINE."""
        view = self.opened
        if view.read_only:
            raise RefusedError("the mailbox was opened with EXAMINE: it is read only")
        return view

    def say(self, line: str | bytes) -> None:
        """Send one response."""
        self.out += line.encode("ascii") if isinstance(line, str) else line
        self.out += b"\r\n"

    def existing(self, name: str, *, code: str = "NONEXISTENT") -> Mailbox:
        """Return the mailbox of a name. Raises RefusedError with ``code``."""
        box = self.owner.get(name)
        if box is None:
            raise RefusedError(f"[{code}] there is no such mailbox")
        return box

    def leave(self) -> None:
        """Have no mailbox open. Idempotent."""
        if self.view is not None:
            self.view.close()
            self.view = None


def read_flags(words: Arguments) -> set[str]:
    r"""Read a list of flags, system flags in their one spelling. ``\Recent`` can not be set."""
    found: dict[str, str] = {}
    for flag in words.parenthesised(words.flag, least=0):
        if flag.startswith("\\") and flag.lower() not in _SYSTEM:
            raise BadSyntaxError(f"{flag} can not be set")
        found.setdefault(flag.lower(), _SYSTEM.get(flag.lower(), flag))
    if len(found) > MAX_KEYWORDS:
        raise RefusedError(f"[LIMIT] more than {MAX_KEYWORDS} flags on one message")
    return set(found.values())
