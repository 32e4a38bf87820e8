"""Commands under way: what of them was sent, what may be sent now. It must not know answers.

Commands are pipelined, except that nothing follows a command which waits for the server's
``+`` (a literal, IDLE, AUTHENTICATE) or after which the stream changes (STARTTLS), until that
is over. One place decides it, so that no command can be raced into IDLE or a literal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vedette.imap.auth import Authenticate
from vedette.imap.commands import Command, Idle, StartTls
from vedette.imap.events import Tag
from vedette.imap.exchange import Exchange


@dataclass(slots=True, kw_only=True)
class Pending:
    """A command that has no tagged answer yet; ``parts`` still wait to be sent.

    ``exchange`` is the authentication that it carries, ``done`` marks an IDLE that shall
    end, ``told`` notes that capabilities came while a login was under way.
    """

    tag: Tag
    command: Command
    parts: Sequence[bytes] = ()
    started: bool = False
    exchange: Exchange | None = None
    done: bool = False
    told: bool = False

    @property
    def incomplete(self) -> bool:
        """True while the server lacks a part of the command, or the credentials of a login."""
        return bool(self.parts) or (self.exchange is not None and not self.exchange.started)


class Sender:
    """The queue of commands and the bytes that are ready to leave."""

    __slots__ = ("_out", "_pending", "holder")

    def __init__(self) -> None:
        self._out: bytearray | None = None
        self._pending: tuple[Pending, ...] = ()
        self.holder: Pending | None = None  # the command behind which all others wait

    @property
    def pending(self) -> tuple[Pending, ...]:
        """The commands under way, oldest first."""
        return self._pending

    def add(self, pending: Pending) -> None:
        """Put a command into the queue and send what may be sent."""
        self._pending = (*self._pending, pending)
        self.pump()

    def find(self, tag: str) -> Pending | None:
        """Return the command of this tag."""
        for pending in self._pending:
            if pending.tag == tag:
                return pending
        return None

    def last(self, kind: type[Command] | tuple[type[Command], ...]) -> Pending | None:
        """Return the latest command of a kind that is under way."""
        for pending in reversed(self._pending):
            if isinstance(pending.command, kind):
                return pending
        return None

    def remove(self, pending: Pending) -> None:
        """Forget an answered command; those behind it may go on."""
        self._pending = tuple(each for each in self._pending if each is not pending)
        if self.holder is pending:
            self.holder = None
        self.pump()

    def release(self) -> None:
        """Let others pass the command that held them."""
        self.holder = None
        self.pump()

    def write(self, data: bytes) -> None:
        """Make bytes ready to leave."""
        if self._out is None:
            self._out = bytearray()
        self._out += data

    def advance(self) -> None:
        """Send the next part of the holder, after the server's ``+``."""
        if self.holder is not None:
            self._next_part(self.holder)
            if not self.holder.parts:
                self.release()

    def pump(self) -> None:
        """Send the commands that may be sent, in their order."""
        for pending in self._pending:
            if self.holder is not None:
                return
            if pending.started:
                continue
            pending.started = True
            self._next_part(pending)
            if pending.parts or isinstance(pending.command, (Idle, Authenticate, StartTls)):
                self.holder = pending

    def _next_part(self, pending: Pending) -> None:
        self.write(pending.parts[0])
        pending.parts = pending.parts[1:]

    def take(self) -> bytes:
        """Hand out what is ready, and keep nothing."""
        data, self._out = self._out, None
        return bytes(data) if data is not None else b""

    def clear(self) -> None:
        """Drop everything: the stream is over."""
        self._out = self.holder = None
        self._pending = ()
