"""Untagged responses as values. It must not know how they are written or what follows them.

Names of folders are wire bytes (see ``names``). Every field that a server may leave out is
None where it did; a 0 in the place of a UID, UIDVALIDITY or MODSEQ reads as left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import TypeAlias

from vedette.imap.codes import Code
from vedette.imap.fetch import Fetch
from vedette.imap.sets import UidSet


@unique
class Kind(StrEnum):
    """The five status responses (RFC 9051 section 7.1)."""

    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    BYE = "BYE"
    PREAUTH = "PREAUTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """An untagged status response; ``text`` is the server's words, often empty."""

    kind: Kind
    code: Code | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What the server says it can; upper case."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enabled:
    """What an ENABLE switched on; upper case (RFC 5161)."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists:
    """How many messages the selected folder holds: a hint that something came, no more."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    r"""How many messages have \Recent; obsolete and never a cursor."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expunge:
    """A message left the selected folder; later ones move up by one."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """Messages left the selected folder; ``earlier`` means before this session (RFC 7162)."""

    uids: UidSet
    earlier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags that the selected folder knows; None where the server wrote NIL."""

    names: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """A folder. ``attributes`` are lower case with their backslash.

    ``delimiter`` is None for a flat name. ``old_name`` is what the folder was called
    (RFC 5465, RFC 9051), ``child_info`` the criteria by which children were found.
    """

    name: bytes
    delimiter: bytes | None
    attributes: frozenset[str]
    old_name: bytes | None = None
    child_info: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusItem:
    """A folder's numbers (RFC 9051 section 7.3.4). ``size`` is in octets."""

    name: bytes
    messages: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    unseen: int | None = None
    highest_modseq: int | None = None
    size: int | None = None
    mailbox_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The answer to a search, in the server's order."""

    numbers: tuple[int, ...]
    modseq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ESearch:
    """The extended answer to a search (RFC 4731). ``tag`` is the search's own."""

    tag: str | None
    uid: bool
    min: int | None = None
    max: int | None = None
    count: int | None = None
    all: UidSet | None = None
    modseq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceItem:
    """One namespace: the prefix of its folders and their delimiter."""

    prefix: bytes
    delimiter: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """The namespaces of the account (RFC 2342)."""

    personal: tuple[NamespaceItem, ...] = ()
    other: tuple[NamespaceItem, ...] = ()
    shared: tuple[NamespaceItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Id:
    """What the server says it is (RFC 2971), in its order and spelling."""

    fields: tuple[tuple[str, str | None], ...] = ()

    def get(self, name: str) -> str | None:
        """Return a field by its name, whatever the case."""
        for key, value in self.fields:
            if key.lower() == name.lower():
                return value
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A response that is framed well and means nothing here; ``raw`` is cut short."""

    raw: bytes = field(repr=False)


Response: TypeAlias = (
    Status
    | Capability
    | Enabled
    | Exists
    | Recent
    | Expunge
    | Vanished
    | Fetch
    | Flags
    | ListItem
    | StatusItem
    | Search
    | ESearch
    | Namespace
    | Id
    | Unknown
)
