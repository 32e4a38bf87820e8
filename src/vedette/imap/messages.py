r"""Commands about messages. It must not know states, tags or answers.

All of them name messages by UID: sequence numbers shift under a client's feet. Only
``BODY.PEEK`` can be expressed, so that reading never sets \Seen (RFC 9051 section 6.4.5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum, unique
from typing import ClassVar, TypeAlias

from vedette.errors import UsageError
from vedette.imap.commands import Command, write_flags
from vedette.imap.encoder import Encoder
from vedette.imap.lexer import INT63, UINT32
from vedette.imap.sets import UidSet


@unique
class FetchItem(StrEnum):
    """What FETCH can tell of a message without its octets. The UID always comes along."""

    UID = "UID"
    FLAGS = "FLAGS"
    INTERNALDATE = "INTERNALDATE"
    SIZE = "RFC822.SIZE"
    MODSEQ = "MODSEQ"
    EMAILID = "EMAILID"
    THREADID = "THREADID"
    GM_MESSAGE_ID = "X-GM-MSGID"
    GM_THREAD_ID = "X-GM-THRID"
    GM_LABELS = "X-GM-LABELS"
    BODY_STRUCTURE = "BODYSTRUCTURE"


_PART = rb"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8}){0,63}"
_FIELDS = rb"HEADER\.FIELDS(?:\.NOT)? \([!#-'*+\-./0-9;-Z^-z|~]+(?: [!#-'*+\-./0-9;-Z^-z|~]+)*\)"
_SECTION = re.compile(
    rb"(?:"
    + _PART
    + rb")?|(?:"
    + _PART
    + rb"\.)?(?:HEADER|TEXT|"
    + _FIELDS
    + rb")|"
    + _PART
    + rb"\.MIME"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """``BODY.PEEK[section]<origin.length>``: octets of a message, without marking it read.

    ``section`` is ``b""`` for all of it, ``b"HEADER"``, ``b"TEXT"``, ``b"1.2"``,
    ``b"1.MIME"`` or ``b"HEADER.FIELDS (SUBJECT)"``; ``partial`` is (origin, length).
    """

    section: bytes = b""
    partial: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not _SECTION.fullmatch(self.section):
            raise UsageError(f"{self.section!r} is not a section of a message")
        if self.partial is not None:
            origin, length = self.partial
            if not (0 <= origin <= UINT32 and 1 <= length <= UINT32):
                raise UsageError(f"{self.partial} is not an origin and a length in octets")

    @property
    def wire(self) -> bytes:
        """The item as the protocol writes it."""
        cut = b"<%d.%d>" % self.partial if self.partial is not None else b""
        return b"BODY.PEEK[" + self.section + b"]" + cut


Item: TypeAlias = FetchItem | Peek


@unique
class Saved(Enum):
    """``$``: what the last SEARCH with RETURN (SAVE) found (RFC 5182 section 2.1).

    The server keeps it until the next such SEARCH or the next opening of a folder; it loses
    what is expunged. Before any search, and after one that failed, it is empty.
    """

    RESULT = b"$"


Messages: TypeAlias = UidSet | Saved


@dataclass(frozen=True, slots=True, kw_only=True)
class UidFetch(Command):
    """UID FETCH. ``changed_since`` is a MODSEQ (CONDSTORE), ``vanished`` needs QRESYNC."""

    uids: Messages
    items: tuple[Item, ...]
    changed_since: int | None = None
    vanished: bool = False
    verb: ClassVar[str] = "UID FETCH"

    @property
    def needs(self) -> tuple[str, ...]:
        """SEARCHRES, for what a search saved."""
        return needed(self.uids)

    def write(self, out: Encoder) -> None:
        """Write the set, the items and what changed since."""
        write_uids(out, self.uids)
        out.syntax(b"(" + write_items(self.items) + b")")
        if self.changed_since is not None:
            out.number(self.changed_since, INT63, minimum=1, sep=b" (CHANGEDSINCE ")
            out.syntax(b" VANISHED)" if self.vanished else b")", sep=b"")
        elif self.vanished:
            raise UsageError("VANISHED needs CHANGEDSINCE (RFC 7162 section 3.2.6)")


@unique
class StoreMode(StrEnum):
    """How UID STORE changes flags."""

    ADD = "+FLAGS"
    REMOVE = "-FLAGS"
    REPLACE = "FLAGS"


@dataclass(frozen=True, slots=True, kw_only=True)
class UidStore(Command):
    """UID STORE: change flags; ``unchanged_since`` is a MODSEQ (CONDSTORE)."""

    uids: Messages
    flags: tuple[str, ...]
    mode: StoreMode
    silent: bool = False
    unchanged_since: int | None = None
    verb: ClassVar[str] = "UID STORE"
    writes: ClassVar[bool] = True

    @property
    def needs(self) -> tuple[str, ...]:
        """SEARCHRES, for what a search saved."""
        return needed(self.uids)

    def write(self, out: Encoder) -> None:
        """Write the set, the condition and the flags."""
        write_uids(out, self.uids)
        if self.unchanged_since is not None:
            out.number(self.unchanged_since, INT63, sep=b" (UNCHANGEDSINCE ")
            out.syntax(b")", sep=b"")
        suffix = ".SILENT" if self.silent else ""
        out.syntax(f"{StoreMode(self.mode).value}{suffix}".encode())
        write_flags(out, self.flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class UidLabel(Command):
    """UID STORE of Gmail's labels (its extension X-GM-EXT-1): add them, or take them off.

    ``labels`` are on the wire as names of folders are.
    """

    uids: Messages
    labels: tuple[bytes, ...]
    add: bool = True
    verb: ClassVar[str] = "UID STORE"
    writes: ClassVar[bool] = True

    @property
    def needs(self) -> tuple[str, ...]:
        """X-GM-EXT-1, and SEARCHRES for what a search saved."""
        return ("X-GM-EXT-1", *needed(self.uids))

    def write(self, out: Encoder) -> None:
        """Write the set and the labels."""
        if not self.labels:
            raise UsageError("a label is needed to add it")
        write_uids(out, self.uids)
        out.syntax(b"+X-GM-LABELS" if self.add else b"-X-GM-LABELS")
        for index, label in enumerate(self.labels):
            out.string(label, sep=b" " if index else b" (")
        out.syntax(b")", sep=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class UidCopy(Command):
    """UID COPY into a folder (wire name)."""

    uids: Messages
    mailbox: bytes
    verb: ClassVar[str] = "UID COPY"

    @property
    def needs(self) -> tuple[str, ...]:
        """SEARCHRES, for what a search saved."""
        return needed(self.uids)

    def write(self, out: Encoder) -> None:
        """Write the set and the name."""
        write_uids(out, self.uids)
        out.string(self.mailbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class UidMove(Command):
    """UID MOVE into a folder (RFC 6851). Done only if COPYUID names the message."""

    uids: Messages
    mailbox: bytes
    verb: ClassVar[str] = "UID MOVE"
    writes: ClassVar[bool] = True

    @property
    def needs(self) -> tuple[str, ...]:
        """MOVE, and SEARCHRES for what a search saved."""
        return ("MOVE", *needed(self.uids))

    def write(self, out: Encoder) -> None:
        """Write the set and the name."""
        write_uids(out, self.uids)
        out.string(self.mailbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class UidExpunge(Command):
    """UID EXPUNGE: remove these messages and no others (RFC 4315)."""

    uids: UidSet
    verb: ClassVar[str] = "UID EXPUNGE"
    needs: ClassVar[tuple[str, ...]] = ("UIDPLUS",)
    writes: ClassVar[bool] = True

    def write(self, out: Encoder) -> None:
        """Write the set."""
        write_uids(out, self.uids)


def needed(uids: Messages) -> tuple[str, ...]:
    """Return the capability without which messages can not be named so."""
    return ("SEARCHRES",) if isinstance(uids, Saved) else ()


def write_uids(out: Encoder, uids: Messages) -> None:
    """Write ``$``, or a set of UIDs, which can not be empty."""
    if isinstance(uids, Saved):
        out.syntax(uids.value)
        return
    if not uids:
        raise UsageError("the set of UIDs is empty")
    out.syntax(uids.wire)


def write_items(items: tuple[Item, ...]) -> bytes:
    """Return the items of a FETCH."""
    if not items:
        raise UsageError("FETCH needs an item to ask for")
    return b" ".join(
        item.wire if isinstance(item, Peek) else FetchItem(item).value.encode() for item in items
    )
