"""One message: as an event would tell of it, as it came, or one part of it.

It is brought from the server into a file, and only then given on: a caller who reads slowly holds
no session. What is large is read as mail in a process that hostile mail may kill. It must not know who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from vedette import mime
from vedette.engine.batch import Mail
from vedette.engine.fetching import SLACK, Fetching
from vedette.engine.session import Session
from vedette.engine.spool import Spools
from vedette.errors import StoreError
from vedette.imap import Fetch, FetchItem, Peek, Streamed, UidFetch, UidSet, refusal
from vedette.mime import Attachment, Message
from vedette.model.account import Account, Depth
from vedette.model.folder import Folder
from vedette.outbox.message import Facts, received, unparseable
from vedette.ports.reader import Reader, ReaderKilledError
from vedette.service.mailbox.content import Content, held
from vedette.service.mailbox.folders import examine, folder_at
from vedette.service.mailbox.listing import Envelope, validity_of
from vedette.service.mailbox.place import MessagePlace
from vedette.service.mailbox.refusals import CrowdedError, GoneError
from vedette.service.mailbox.sessions import Lease
from vedette.service.refusals import ConflictError, NotFoundError
from vedette.sync.fold import is_whole, merged

#: Messages that are on their way to callers at once: each is a file of up to ``max_message``.
AT_ONCE: Final = 16
#: What the first session that sees a message sets for itself.
RECENT: Final = "\\Recent"
#: Octets of a header that is read where the message itself can not be.
HEADER: Final = 64 * 1024

#: What an event tells of itself and not of its message.
_OF_EVENTS: Final = ("receivedAt", "seenBefore", "tags", "timing")
#: What a list leaves out: it asks for no such fields.
_OF_WHOLE: Final = ("headers", "authentication", "automatic", "defects")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A whole message, in memory where it is small."""

    row: Fetch
    source: bytes | Path


class Letters:
    """Brings messages. ``reader`` is one of its own: the engine's is for mail that comes in."""

    __slots__ = ("_open", "_reader")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        # Weak: who forgets one has not used up its place for ever.
        self._open: WeakSet[Content] = WeakSet()

    async def told(self, lease: Lease, place: MessagePlace, depth: Depth | None) -> dict[str, Any]:
        """Return a message in the words of an event. Raises NotFoundError, GoneError, LinkError."""
        account = lease.assignment.account
        account = replace(account, depth=depth or account.depth)
        folder = await _entered(lease, place)
        fetching = Fetching(lease.session, account, lease.world)
        async with fetching.turn() as spools:
            mails = await fetching.mails(UidSet((place.uid,)), spools)
            if not mails:
                raise NotFoundError("message", place.id)
            data = await self._read(lease, account, folder, place, mails[0])
        return {"id": place.id, **_without(data, _OF_EVENTS)}

    async def raw(self, lease: Lease, place: MessagePlace) -> Content:
        """Return a message as the server has it. The caller closes it."""
        self._room()
        await _entered(lease, place)
        with _spools(lease) as spools:
            brought = await _brought(lease, place, spools)
            return self._given(
                Content(**_held(brought.source), content_type="message/rfc822"),
            )

    async def attachment(self, lease: Lease, place: MessagePlace, part: str) -> Content:
        """Return a part of a message, decoded. The caller closes it. Raises NotFoundError."""
        self._room()
        await _entered(lease, place)
        with _spools(lease) as spools:
            brought = await _brought(lease, place, spools)
            try:
                message = await self._reader.read(
                    brought.source,
                    depth=mime.Depth.TEXT,
                    trusted_authserv=(),
                    size=None,
                )
            except ReaderKilledError as error:
                raise ConflictError(
                    "the message can not be read apart; take it as it came (raw)"
                ) from error
            found = next((each for each in _parts(message) if each.id == part), None)
            if found is None:
                raise NotFoundError("attachment", part)
            whole = _held(brought.source)
        # An attached message is not encoded, or it would not have been opened (RFC 2046 5.2.1).
        return self._given(
            Content(
                file=whole["file"],
                span=found.span,
                encoding=found.encoding,
                filename=found.filename,
                content_type=found.content_type,
            )
        )

    def _room(self) -> None:
        if len(self._open) >= AT_ONCE:
            raise CrowdedError(f"{AT_ONCE} messages are on their way to callers; wait a moment")

    def _given(self, content: Content) -> Content:
        self._open.add(content)
        return content

    async def _read(
        self, lease: Lease, account: Account, folder: Folder, place: MessagePlace, mail: Mail
    ) -> dict[str, Any]:
        now = lease.world.clock.now()
        facts = _facts(account, folder, place, mail.row, now)
        try:
            message = await self._reader.read(
                mail.source,
                depth=mime.Depth(account.depth.value),
                trusted_authserv=account.trusted_authserv,
                size=mail.row.size,
            )
        except ReaderKilledError:
            head = mail.source
            if isinstance(head, Path):
                head = await asyncio.to_thread(_head, head)
            return unparseable(facts, mime.read_header(head[:HEADER]), now)
        return received(facts, message, now)

    def ended(self, content: Content) -> None:
        """Let go of what was sent, or was not."""
        content.close()
        self._open.discard(content)


def in_list(account: Account, envelope: Envelope, now: float) -> dict[str, Any]:
    """Return a message of a list in the words of an event."""
    facts = _facts(
        replace(account, depth=Depth.METADATA), envelope.folder, envelope.place, envelope.row, now
    )
    data = received(facts, envelope.message, now)
    return {"id": envelope.place.id, **_without(data, (*_OF_EVENTS, *_OF_WHOLE))}


async def _entered(lease: Lease, place: MessagePlace) -> Folder:
    """Open the folder of a message for reading. Raises GoneError where it was made anew."""
    folder = await folder_at(lease, place.folder)
    if folder is None or not folder.selectable:
        raise NotFoundError("message", place.id)
    if validity_of(await examine(lease.session, folder)) != place.uid_validity:
        raise GoneError(folder.name)
    return folder


def _facts(account: Account, folder: Folder, place: MessagePlace, row: Fetch, now: float) -> Facts:
    return Facts(
        account=account,
        folder=folder,
        uid_validity=place.uid_validity,
        row=row,
        announced_at=now,
        fetched_at=now,
        seen_before=False,
    )


def _spools(lease: Lease) -> Spools:
    return Spools(lease.world.spool, limit=lease.assignment.account.max_message + SLACK)


async def _brought(lease: Lease, place: MessagePlace, spools: Spools) -> Brought:
    """Fetch a whole message, if it is no larger than the account's largest."""
    session, most = lease.session, lease.assignment.account.max_message
    size = (await _row(session, place, UidFetch(uids=_one(place), items=_SIZE), None)).size
    if size is not None and size > most:
        raise ConflictError(f"the message has {size} octets, and the account takes {most} at most")
    items = (FetchItem.UID, FetchItem.SIZE, Peek())
    row = await _row(session, place, UidFetch(uids=_one(place), items=items), spools)
    if not is_whole(row) or not spools.holds(row):
        raise NotFoundError("message", place.id)
    data = row.sections[0].data
    source = spools.path(data.key) if isinstance(data, Streamed) else data or b""
    return Brought(row=row, source=source)


async def _row(
    session: Session, place: MessagePlace, command: UidFetch, spools: Spools | None
) -> Fetch:
    reply = await session.run(command, chunks=None if spools is None else spools.take)
    rows = merged(each for each in reply.data if isinstance(each, Fetch))
    found = rows.get(place.uid)
    if found is not None:
        return found
    if reply.is_ok:
        raise NotFoundError("message", place.id)
    raise refusal(command.verb, reply.kind, reply.code, reply.text)


_SIZE: Final = (FetchItem.UID, FetchItem.SIZE)


def _one(place: MessagePlace) -> UidSet:
    return UidSet((place.uid,))


def _held(source: bytes | Path) -> dict[str, Any]:
    try:
        file, size = held(source)
    except OSError as error:
        raise StoreError(f"a message can not be read from the spool: {error.strerror}") from error
    return {"file": file, "span": (0, size), "size": size}


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER)


def _parts(message: Message) -> Iterator[Attachment]:
    """Yield every part that an event names, those of attached messages too."""
    yield from message.attachments
    for nested in message.nested:
        yield from nested.attachments


def _without(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: value for name, value in data.items() if name not in names}
    # It is true of a session, and not of the message (RFC 3501 section 2.3.2).
    kept["flags"] = [each for each in data["flags"] if each != RECENT]
    return kept
