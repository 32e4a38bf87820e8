"""Commands about the session and its folders. It must not know states, tags or answers.

A command is a value; ``write`` passes its arguments through the encoder. What must never
happen has no command: there is no CLOSE and no bare EXPUNGE (both delete other clients'
mail), no COMPRESS, and nothing fetches a body but with PEEK. Commands about messages are in
``messages`` and ``search``, those about events in ``notify``, those that log in in ``auth``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import ClassVar

from vedette.errors import UsageError
from vedette.imap.dates import write_date_time
from vedette.imap.encoder import Encoder
from vedette.imap.lexer import INT63, UINT32
from vedette.imap.sets import UidSet


class Command:
    """What a client can say.

    ``verb`` names the command; ``writes`` is true of what changes messages of the selected
    folder. It is no ``ABC``: fifty ``isinstance`` per login would each ask Python's machinery
    for virtual subclasses.
    """

    __slots__ = ()
    writes: ClassVar[bool] = False

    @property
    def needs(self) -> tuple[str, ...]:
        """The capabilities without which a server does not understand the command."""
        return ()

    @property
    def verb(self) -> str:
        """The command's name on the wire."""
        raise NotImplementedError

    def write(self, out: Encoder) -> None:
        """Write the arguments. Raises UsageError for what can not be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCapability(Command):
    """CAPABILITY: ask what the server can."""

    verb: ClassVar[str] = "CAPABILITY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noop(Command):
    """NOOP: a round trip; the server may tell what is new."""

    verb: ClassVar[str] = "NOOP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logout(Command):
    """LOGOUT: end the session in good order."""

    verb: ClassVar[str] = "LOGOUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTls(Command):
    """STARTTLS: after its OK the stream is upgraded; nothing may be sent or read between."""

    verb: ClassVar[str] = "STARTTLS"
    needs: ClassVar[tuple[str, ...]] = ("STARTTLS",)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskId(Command):
    """ID: say who we are (RFC 2971).

    Never empty: GMX and Exchange refuse ``ID ()`` and ``ID NIL``, and 163.com refuses SELECT
    until it was told a name.
    """

    fields: tuple[tuple[str, str], ...] = (("name", "vedette"),)
    verb: ClassVar[str] = "ID"
    needs: ClassVar[tuple[str, ...]] = ("ID",)

    def write(self, out: Encoder) -> None:
        """Write the fields; raises UsageError when there is none."""
        if not self.fields:
            raise UsageError("ID needs at least one field, such as the name")
        for index, pair in enumerate(self.fields):
            for place, text in enumerate(pair):
                first = index == 0 and place == 0
                out.ascii_string(text, what="a field of ID", sep=b" (" if first else b" ")
        out.syntax(b")", sep=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable(Command):
    """ENABLE: switch extensions on, such as ``QRESYNC`` or ``UTF8=ACCEPT`` (RFC 5161)."""

    names: tuple[str, ...]
    verb: ClassVar[str] = "ENABLE"
    needs: ClassVar[tuple[str, ...]] = ("ENABLE",)

    def write(self, out: Encoder) -> None:
        """Write the names of the extensions."""
        if not self.names:
            raise UsageError("ENABLE needs the name of an extension")
        for name in self.names:
            out.atom(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskNamespace(Command):
    """NAMESPACE: ask for prefixes and delimiters (RFC 2342)."""

    verb: ClassVar[str] = "NAMESPACE"
    needs: ClassVar[tuple[str, ...]] = ("NAMESPACE",)


@unique
class StatusField(StrEnum):
    """What STATUS can tell of a folder."""

    MESSAGES = "MESSAGES"
    UIDNEXT = "UIDNEXT"
    UIDVALIDITY = "UIDVALIDITY"
    UNSEEN = "UNSEEN"
    HIGHESTMODSEQ = "HIGHESTMODSEQ"
    SIZE = "SIZE"
    MAILBOXID = "MAILBOXID"


@dataclass(frozen=True, slots=True, kw_only=True)
class List(Command):
    """LIST: the folders that match ``pattern`` (``*`` all, ``%`` one level), wire bytes.

    ``special_use`` and ``status`` ask for more in one round trip (RFC 6154, RFC 5819);
    without both the plain form is sent, and many servers tell special uses even so.
    """

    pattern: bytes = b"*"
    reference: bytes = b""
    special_use: bool = False
    status: tuple[StatusField, ...] = ()
    verb: ClassVar[str] = "LIST"

    @property
    def needs(self) -> tuple[str, ...]:
        """What the extended forms need."""
        special = ("SPECIAL-USE", "LIST-EXTENDED") if self.special_use else ()
        return (*special, "LIST-STATUS") if self.status else special

    def write(self, out: Encoder) -> None:
        """Write reference, pattern and what to return."""
        out.string(self.reference)
        out.string(self.pattern)
        wanted = []
        if self.special_use:
            wanted.append(b"SPECIAL-USE")
        if self.status:
            wanted.append(b"STATUS (" + _fields(self.status) + b")")
        if wanted:
            out.syntax(b"RETURN (" + b" ".join(wanted) + b")")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """What QRESYNC compares with (RFC 7162 section 3.2.5)."""

    uid_validity: int
    modseq: int
    known_uids: UidSet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Select(Command):
    """Open a folder: EXAMINE unless ``read_only`` is False, because observing must not change.

    ``mailbox`` is a wire name. ``condstore`` asks for MODSEQ (RFC 7162), ``qresync`` for
    what changed; the latter must have been enabled.
    """

    mailbox: bytes
    read_only: bool = True
    condstore: bool = False
    qresync: Resync | None = None

    @property
    def verb(self) -> str:
        """EXAMINE or SELECT."""
        return "EXAMINE" if self.read_only else "SELECT"

    @property
    def needs(self) -> tuple[str, ...]:
        """CONDSTORE, where it is asked for; QRESYNC is known by being enabled."""
        return ("CONDSTORE",) if self.condstore else ()

    def write(self, out: Encoder) -> None:
        """Write the name and what to compare with."""
        out.string(self.mailbox)
        if self.qresync is not None:
            out.syntax(b"(QRESYNC")
            out.number(self.qresync.uid_validity, UINT32, minimum=1, sep=b" (")
            out.number(self.qresync.modseq, INT63, minimum=1)
            if self.qresync.known_uids:
                out.syntax(self.qresync.known_uids.wire)
            out.syntax(b"))", sep=b"")
        elif self.condstore:
            out.syntax(b"(CONDSTORE)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unselect(Command):
    """UNSELECT: leave the folder without expunging (RFC 3691)."""

    verb: ClassVar[str] = "UNSELECT"
    needs: ClassVar[tuple[str, ...]] = ("UNSELECT",)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStatus(Command):
    """STATUS: a folder's numbers without opening it."""

    mailbox: bytes
    fields: tuple[StatusField, ...]
    verb: ClassVar[str] = "STATUS"

    def write(self, out: Encoder) -> None:
        """Write the name and the fields."""
        if not self.fields:
            raise UsageError("STATUS needs a field to ask for")
        out.string(self.mailbox)
        out.syntax(b"(" + _fields(self.fields) + b")")


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Command):
    """IDLE: let the server push, until ``Connection.done()`` (RFC 2177)."""

    verb: ClassVar[str] = "IDLE"
    needs: ClassVar[tuple[str, ...]] = ("IDLE",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Command):
    r"""CREATE: make a folder; ``use`` is a special use such as ``\Junk`` (RFC 6154)."""

    mailbox: bytes
    use: str | None = None
    verb: ClassVar[str] = "CREATE"

    @property
    def needs(self) -> tuple[str, ...]:
        """CREATE-SPECIAL-USE, where a use is named."""
        return ("CREATE-SPECIAL-USE",) if self.use is not None else ()

    def write(self, out: Encoder) -> None:
        """Write the name and its use."""
        out.string(self.mailbox)
        if self.use is not None:
            out.flag(self.use, sep=b" (USE (")
            out.syntax(b"))", sep=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Append(Command):
    """APPEND: put a message into a folder; its octets end their lines with CRLF."""

    mailbox: bytes
    message: bytes
    flags: tuple[str, ...] = ()
    internal_date: datetime | None = None
    verb: ClassVar[str] = "APPEND"

    def write(self, out: Encoder) -> None:
        """Write the name, flags, date and octets."""
        out.string(self.mailbox)
        if self.flags:
            write_flags(out, self.flags)
        if self.internal_date is not None:
            out.string(write_date_time(self.internal_date))
        out.message(self.message)


def write_flags(out: Encoder, flags: tuple[str, ...]) -> None:
    """Write a list of flags in parentheses."""
    out.syntax(b"(")
    for index, name in enumerate(flags):
        out.flag(name, sep=b" " if index else b"")
    out.syntax(b")", sep=b"")


def _fields(fields: tuple[StatusField, ...]) -> bytes:
    return b" ".join(StatusField(field).value.encode() for field in fields)
