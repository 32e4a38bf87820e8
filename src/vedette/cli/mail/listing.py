"""``vedette mail list``: the messages of a folder, found by the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import Columns
from vedette.cli.verb import given, listed, said
from vedette.client.mailbox import Address, Envelope, Search
from vedette.errors import UsageError

#: Messages that are asked for at a time: what the API gives at most.
PAGE: Final = 200


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which messages: all that is said has to be so.

    Parameters
    ----------
    from_
        With this in From.
    to
        With this in To.
    cc
        With this in Cc.
    bcc
        With this in Bcc.
    subject
        With this in the subject.
    body
        With this in the text.
    text
        With this anywhere, in the header or the text.
    header
        With this in a header field, such as "List-Id: news".
    message_id
        With this Message-ID.
    keyword
        With this keyword.
    since
        That arrived on this day or later, such as 2026-11-01.
    before
        That arrived before this day.
    larger
        Larger than so many octets.
    smaller
        Smaller than so many octets.
    unseen
        That were not read, or were.
    flagged
        That are flagged, or are not.
    answered
        That were answered, or were not.
    uid
        The one with this UID.
    """

    from_: Annotated[str | None, Parameter(name="--from")] = None
    to: str | None = None
    cc: str | None = None
    bcc: str | None = None
    subject: str | None = None
    body: str | None = None
    text: str | None = None
    header: str | None = None
    message_id: str | None = None
    keyword: str | None = None
    since: str | None = None
    before: str | None = None
    larger: int | None = None
    smaller: int | None = None
    unseen: bool | None = None
    flagged: bool | None = None
    answered: bool | None = None
    uid: int | None = None

    @property
    def search(self) -> Search:
        """The same in the words of the API. Raises UsageError for what is no day."""
        days = {"since": _day("--since", self.since), "before": _day("--before", self.before)}
        return Search(**{**said(self), **given(**days)})


#: All of them.
ANY: Final = Sought()

COLUMNS: Final[Columns[Envelope]] = {
    "arrived": lambda each: each.internal_date,
    "from": lambda each: _who(each.from_),
    "subject": lambda each: each.subject,
    "flags": lambda each: each.flags,
    "octets": lambda each: each.size,
    "id": lambda each: each.id,
}


def list_(
    account: str, folder: str = "INBOX", *, sought: Sought = ANY, limit: int = 50, at: Reach = HERE
) -> int:
    """List messages of a folder, newest first, or those that its server finds.

    Parameters
    ----------
    account
        The account's id.
    folder
        The folder, as vedette mail folders names it.
    limit
        The first so many.
    """
    search = sought.search
    return listed(
        at,
        COLUMNS,
        limit,
        lambda client, page: client.mailboxes.messages(
            account, folder, search, limit=min(page, PAGE)
        ),
    )


def _who(sender: Address | None) -> str | None:
    return None if sender is None else sender.name or sender.address


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is no day such as 2026-11-01") from error
