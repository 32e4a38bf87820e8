r"""``/v1/accounts/{account}/…/messages``: mail as the server has it now.

Reading marks nothing as read. It must not know servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Response, Security

from vedette.api.caller import allowed
from vedette.api.download import HARMLESS, Download
from vedette.api.pages import cursor, place
from vedette.api.problems import refuse
from vedette.api.services import Given
from vedette.api.shapes.messages import (
    EnvelopePageShown,
    EnvelopeShown,
    FlagsShown,
    FlagsWish,
    MessageShown,
    MovedShown,
    MoveWish,
    marked,
    moved,
)
from vedette.imap import TextKey
from vedette.model.account import Depth
from vedette.model.ids import AccountId
from vedette.service.caller import Caller
from vedette.service.mailbox.deeds import marks_of
from vedette.service.mailbox.listing import Span
from vedette.service.mailbox.place import UINT32
from vedette.service.mailbox.search import MAX_TEXT, Question, criteria

router = APIRouter(prefix="/v1/accounts/{account}", tags=["messages"])

Reader = Annotated[Caller, Security(allowed, scopes=["mail:read"])]
#: What is changed is shown in return.
Writer = Annotated[Caller, Security(allowed, scopes=["mail:read", "mail:write"])]

#: Messages of a page, unless told, and at most: an envelope is some 2 KiB of JSON.
USUAL: Final = 50
MOST: Final = 200

_Text = Annotated[str | None, Query(max_length=MAX_TEXT)]
_Size = Annotated[int | None, Query(ge=0, le=UINT32, description="Octets.")]


def _octets(*kinds: str) -> dict[int | str, dict[str, object]]:
    """Return how the document tells of an answer that is a file."""
    shape = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "The octets.", "content": dict.fromkeys(kinds, shape)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """Texts that are looked for."""

    by_key: dict[TextKey, str | None]


def _texts(
    from_: Annotated[str | None, Query(alias="from", max_length=MAX_TEXT)] = None,
    to: _Text = None,
    cc: _Text = None,
    bcc: _Text = None,
    subject: _Text = None,
    body: _Text = None,
    text: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="In the header or the body.")
    ] = None,
) -> _Texts:
    given = (from_, to, cc, bcc, subject, body, text)
    keys = ("FROM", "TO", "CC", "BCC", "SUBJECT", "BODY", "TEXT")
    return _Texts(by_key={TextKey(key): value for key, value in zip(keys, given, strict=True)})


def _question(
    texts: Annotated[_Texts, Depends(_texts)],
    header: Annotated[
        str | None, Query(max_length=MAX_TEXT, description="A field, as `List-Id: news`.")
    ] = None,
    message_id: Annotated[str | None, Query(alias="messageId", max_length=MAX_TEXT)] = None,
    keyword: Annotated[str | None, Query(max_length=100, description="With this keyword.")] = None,
    since: Annotated[date | None, Query(description="Came on this day or later.")] = None,
    before: Annotated[date | None, Query(description="Came before this day.")] = None,
    larger: _Size = None,
    smaller: _Size = None,
    unseen: Annotated[bool | None, Query(description="Not marked as read.")] = None,
    flagged: Annotated[bool | None, Query(description="Flagged, or not.")] = None,
    answered: Annotated[bool | None, Query(description="Answered, or not.")] = None,
    uid: Annotated[
        int | None, Query(ge=1, le=UINT32, description="That of an event, to get its id.")
    ] = None,
) -> Question:
    return Question(
        texts=texts.by_key,
        header=header,
        message_id=message_id,
        keyword=keyword,
        since=since,
        before=before,
        larger=larger,
        smaller=smaller,
        seen=None if unseen is None else not unseen,
        flagged=flagged,
        answered=answered,
        uid=uid,
    )


def _span(
    limit: Annotated[int, Query(ge=1, le=MOST, description="Messages of a page.")] = USUAL,
    after: Annotated[
        str | None, Query(max_length=100, description="`next` of the page before.")
    ] = None,
) -> Span:
    if after is None:
        return Span(limit=limit)
    numbers = [int(each) for each in place(after).split(":") if each.isdigit() and each.isascii()]
    if len(numbers) != 2 or not all(1 <= each <= UINT32 for each in numbers):  # noqa: PLR2004 - both
        raise refuse("malformed", "after is no cursor; take `next` of the page before")
    return Span(limit=limit, uid_validity=numbers[0], below=numbers[1])


# The most of its address is a folder's name, which may hold slashes: before what is shorter.
@router.get("/folders/{folder:path}/messages")
async def list_messages(
    account: str,
    folder: str,
    question: Annotated[Question, Depends(_question)],
    span: Annotated[Span, Depends(_span)],
    caller: Reader,
    services: Given,
) -> EnvelopePageShown:
    """List or search messages, newest first. A page may be short; `next` is null at the end alone."""
    wanted = criteria(question)
    found = await services.mailboxes.messages(caller, AccountId(account), folder, wanted, span)
    following = None if found.next is None else cursor(f"{found.uid_validity}:{found.next}")
    return EnvelopePageShown(
        items=[EnvelopeShown.model_validate(each) for each in found.items],
        next=following,
        uid_validity=found.uid_validity,
    )


@router.get("/messages/{message}")
async def get_message(
    account: str,
    message: str,
    caller: Reader,
    services: Given,
    depth: Annotated[
        Literal["metadata", "text", "full"] | None,
        Query(description="How much of it; unless told, as much as its account's events have."),
    ] = None,
) -> MessageShown:
    """Read a message, in the words of its event."""
    wanted = None if depth is None else Depth(depth)
    found = await services.mailboxes.message(caller, AccountId(account), message, wanted)
    return MessageShown.model_validate(found)


@router.get("/messages/{message}/raw", response_class=Response, responses=_octets("message/rfc822"))
async def get_raw_message(account: str, message: str, caller: Reader, services: Given) -> Download:
    """Fetch a message as the server has it, octet by octet."""
    found = await services.mailboxes.raw(caller, AccountId(account), message)
    found.filename = "message.eml"
    return Download(found, services.mailboxes.ended)


@router.get(
    "/messages/{message}/attachments/{part}",
    response_class=Response,
    responses=_octets(*sorted(HARMLESS)),
)
async def get_attachment(
    account: str, message: str, part: str, caller: Reader, services: Given
) -> Download:
    """Fetch an attachment, decoded. It is always a file to save, and never of a type that runs."""
    found = await services.mailboxes.attachment(caller, AccountId(account), message, part)
    return Download(found, services.mailboxes.ended)


@router.patch("/messages/{message}")
async def change_message(
    account: str, message: str, wish: FlagsWish, caller: Writer, services: Given
) -> FlagsShown:
    """Set flags of a message, and take flags off."""
    found = marks_of(wish.add, wish.remove)
    return marked(await services.mailboxes.mark(caller, AccountId(account), message, found))


@router.post("/messages/{message}/move")
async def move_message(
    account: str, message: str, wish: MoveWish, caller: Writer, services: Given
) -> MovedShown:
    """Move a message to another folder; it has another id there."""
    return moved(await services.mailboxes.move(caller, AccountId(account), message, wish.folder))
