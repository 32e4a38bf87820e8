"""Folders and messages of an account as its server has them now, over the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from vedette.client.exchange import Exchange, Said
from vedette.client.operation import Form, Operation, listing
from vedette.client.shape import camel

#: Seconds for something that a mail server has a part in: a login, and a slow search.
_SLOW: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder; a number is None where the server did not tell it."""

    path: str
    delimiter: str | None
    special_use: str | None
    selectable: bool
    watched: bool
    messages: int | None
    unseen: int | None
    uid_next: int | None
    uid_validity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Whose mailbox it is."""

    id: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderName:
    """A folder as events name it."""

    path: str
    special_use: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mailbox in a field of a message."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message of a list. ``id`` names it until its folder is made anew, or it is moved."""

    id: str
    account: Mailbox
    folder: FolderName
    uid: int
    uid_validity: int
    email_id: str | None
    thread_id: str | None
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    date: str | None
    internal_date: str | None
    size: int | None
    flags: tuple[str, ...]
    labels: tuple[str, ...]
    from_: Address | None
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What a trusted server found of the sender (RFC 8601)."""

    spf: str | None
    dkim: str | None
    dmarc: str | None
    arc: str | None
    authserv_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The text of a message. The HTML is as it was sent: never show it as it is."""

    plain: str | None
    html: str | None
    reply: str | None
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the text; ``id`` is what it is fetched by."""

    id: str
    filename: str | None
    content_type: str
    size: int
    content_id: str | None
    inline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Where the octets are of a message that could not be read."""

    folder: str
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Envelope):
    """A message. From ``text`` on its fields are those of the depth text, ``nested`` of full."""

    headers: Mapping[str, tuple[str, ...]]
    authentication: Authentication | None
    automatic: Mapping[str, Any] | None
    defects: tuple[str, ...]
    pointer: Pointer | None = None
    text: Body | None = None
    attachments: tuple[Attachment, ...] | None = None
    calendar: tuple[Mapping[str, Any], ...] | None = None
    opaque: str | None = None
    nested: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """Which flags to set and to take off."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The flags that a message has now; ``unkept`` were agreed to by the server, and not kept."""

    id: str
    flags: tuple[str, ...]
    unkept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """Where a message is to go: a folder's name, or a special use."""

    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where a message is now; ``id`` is None where the server does not tell."""

    id: str | None
    folder: FolderName
    uid: int | None
    uid_validity: int | None


FOLDERS: Final = Operation(
    method="GET",
    path="/v1/accounts/{account}/folders",
    answer=Folder,
    form=Form.PAGE,
    seconds=_SLOW,
)
LIST: Final = listing(
    "/v1/accounts/{account}/folders/{folder}/messages",
    Envelope,
    *("header", "messageId", "keyword", "since", "before", "larger", "smaller", "unseen"),
    *("flagged", "answered", "uid", "from", "to", "cc", "bcc", "subject", "body", "text"),
    seconds=_SLOW,
)
GET: Final = Operation(
    method="GET",
    path="/v1/accounts/{account}/messages/{message}",
    answer=Message,
    query=("depth",),
    seconds=_SLOW,
)
MARK: Final = Operation(
    method="PATCH",
    path="/v1/accounts/{account}/messages/{message}",
    answer=Marked,
    wish=Marking,
    seconds=_SLOW,
)
MOVE: Final = Operation(
    method="POST",
    path="/v1/accounts/{account}/messages/{message}/move",
    answer=Moved,
    wish=Moving,
    seconds=_SLOW,
)
RAW: Final = Operation(
    method="GET",
    path="/v1/accounts/{account}/messages/{message}/raw",
    answer=bytes,
    form=Form.OCTETS,
    seconds=_SLOW,
)
ATTACHMENT: Final = Operation(
    method="GET",
    path="/v1/accounts/{account}/messages/{message}/attachments/{part}",
    answer=bytes,
    form=Form.OCTETS,
    seconds=_SLOW,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which messages: all that is said has to be so. ``since`` and ``before`` are days of arrival."""

    header: str | None = None
    message_id: str | None = None
    keyword: str | None = None
    since: date | None = None
    before: date | None = None
    larger: int | None = None
    smaller: int | None = None
    unseen: bool | None = None
    flagged: bool | None = None
    answered: bool | None = None
    uid: int | None = None
    from_: str | None = None
    to: str | None = None
    cc: str | None = None
    bcc: str | None = None
    subject: str | None = None
    body: str | None = None
    text: str | None = None


ALL: Final = Search()


class Mailboxes:
    """``/v1/accounts/{account}/folders`` and ``messages``. All raise ProblemError and LinkError."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def folders(self, account: str) -> tuple[Folder, ...]:
        """Return the folders of a mailbox."""
        return (await self._exchange.page(FOLDERS, Said(ids={"account": account}))).items

    def messages(
        self, account: str, folder: str, search: Search = ALL, *, limit: int = 50
    ) -> AsyncIterator[Envelope]:
        """Yield the messages of a folder, newest first; ``limit`` is how many at a time."""
        query = Said(
            ids={"account": account, "folder": folder},
            query={**_query(search), "limit": limit},
        )
        return self._exchange.pages(LIST, query)

    async def message(self, account: str, message: str, *, depth: str | None = None) -> Message:
        """Read a message in the words of its event; nothing is marked as read."""
        said = Said(ids={"account": account, "message": message}, query={"depth": depth})
        return await self._exchange.one(GET, said)

    async def mark(
        self, account: str, message: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()
    ) -> Marked:
        """Set flags of a message, and take flags off."""
        ids = {"account": account, "message": message}
        return await self._exchange.one(MARK, Said(ids=ids, wish=Marking(add=add, remove=remove)))

    async def move(
        self, account: str, message: str, folder: str, *, key: str | None = None
    ) -> Moved:
        """Move a message to another folder, where it has another id. ``key``: idempotency."""
        ids = {"account": account, "message": message}
        return await self._exchange.one(MOVE, Said(ids=ids, wish=Moving(folder=folder), key=key))

    @asynccontextmanager
    async def raw(self, account: str, message: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give a message as the server has it, piece by piece."""
        said = Said(ids={"account": account, "message": message})
        async with self._exchange.streamed(RAW, said) as answer:
            yield answer.pieces

    @asynccontextmanager
    async def attachment(
        self, account: str, message: str, part: str
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give an attachment, decoded, piece by piece."""
        said = Said(ids={"account": account, "message": message, "part": part})
        async with self._exchange.streamed(ATTACHMENT, said) as answer:
            yield answer.pieces


def _query(search: Search) -> dict[str, object]:
    return {camel(each.name): getattr(search, each.name) for each in fields(search)}
