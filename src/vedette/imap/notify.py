"""NOTIFY: let the server push about many folders (RFC 5465). It must not know states or answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import ClassVar

from vedette.errors import UsageError
from vedette.imap.commands import Command
from vedette.imap.encoder import Encoder
from vedette.imap.messages import Item, write_items


@unique
class Scope(StrEnum):
    """Which folders a group of events is about (RFC 5465 section 6)."""

    SELECTED = "selected"
    SELECTED_DELAYED = "selected-delayed"
    INBOXES = "inboxes"
    PERSONAL = "personal"
    SUBSCRIBED = "subscribed"
    SUBTREE = "subtree"
    MAILBOXES = "mailboxes"


@unique
class NotifyEvent(StrEnum):
    """What happens in folders (RFC 5465 section 5)."""

    MESSAGE_NEW = "MessageNew"
    MESSAGE_EXPUNGE = "MessageExpunge"
    FLAG_CHANGE = "FlagChange"
    MAILBOX_NAME = "MailboxName"
    SUBSCRIPTION_CHANGE = "SubscriptionChange"


_SELECTED = frozenset({Scope.SELECTED, Scope.SELECTED_DELAYED})
_NAMED = frozenset({Scope.SUBTREE, Scope.MAILBOXES})
_OF_MESSAGES = frozenset(
    {NotifyEvent.MESSAGE_NEW, NotifyEvent.MESSAGE_EXPUNGE, NotifyEvent.FLAG_CHANGE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventGroup:
    """Events wanted of some folders; no events at all mean: none of these, please.

    ``mailboxes`` are wire names and stand with SUBTREE and MAILBOXES only. ``fetch`` is what
    comes with a new message of the selected folder. Raises UsageError for what RFC 5465
    sections 5 and 6 forbid.
    """

    scope: Scope
    events: tuple[NotifyEvent, ...]
    mailboxes: tuple[bytes, ...] = ()
    fetch: tuple[Item, ...] = ()

    def __post_init__(self) -> None:
        events = set(self.events)
        if bool(self.mailboxes) != (self.scope in _NAMED):
            raise UsageError("names of folders stand with subtree and mailboxes, and only there")
        if self.scope in _SELECTED and events - _OF_MESSAGES:
            raise UsageError("the selected folder has events of messages only")
        if (NotifyEvent.MESSAGE_NEW in events) != (NotifyEvent.MESSAGE_EXPUNGE in events):
            raise UsageError("MessageNew and MessageExpunge stand together")
        if NotifyEvent.FLAG_CHANGE in events and NotifyEvent.MESSAGE_NEW not in events:
            raise UsageError("FlagChange stands with MessageNew and MessageExpunge")
        if self.fetch and not (self.scope in _SELECTED and NotifyEvent.MESSAGE_NEW in self.events):
            raise UsageError("only new messages of the selected folder come with items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Command):
    """NOTIFY SET of these groups, or NOTIFY NONE where there is no group.

    ``status`` asks for a STATUS of every folder concerned at once.
    """

    groups: tuple[EventGroup, ...] = ()
    status: bool = False
    verb: ClassVar[str] = "NOTIFY"
    needs: ClassVar[tuple[str, ...]] = ("NOTIFY",)

    def write(self, out: Encoder) -> None:
        """Write the groups, or NONE."""
        if not self.groups:
            out.syntax(b"NONE")
            return
        out.syntax(b"SET STATUS" if self.status else b"SET")
        if sum(group.scope in _SELECTED for group in self.groups) > 1:
            raise UsageError("one group at most is about the selected folder")
        for group in self.groups:
            _write_group(out, group)


def _write_group(out: Encoder, group: EventGroup) -> None:
    out.syntax(b"(" + Scope(group.scope).value.encode())
    for index, name in enumerate(group.mailboxes):
        out.string(name, sep=b" " if index else b" (")
    if group.mailboxes:
        out.syntax(b")", sep=b"")
    if not group.events:
        out.syntax(b"NONE)")
        return
    words = []
    for event in group.events:
        word = NotifyEvent(event).value.encode()
        if event is NotifyEvent.MESSAGE_NEW and group.fetch:
            word += b" (" + write_items(group.fetch) + b")"
        words.append(word)
    out.syntax(b"(" + b" ".join(words) + b"))")
