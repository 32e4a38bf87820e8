"""NOTIFY: what a client wants to be told, and of which folders (RFC 5465).

It must not know sessions: it reads the command, and answers whether a folder is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final

from tests.sim.imap.folder import DELIMITER, Folder
from tests.sim.imap.items import Item, read_items
from vedette.demo.arguments import Arguments, BadSyntaxError

_EVENTS: Final = {
    "MESSAGENEW", "MESSAGEEXPUNGE", "FLAGCHANGE", "MAILBOXNAME", "SUBSCRIPTIONCHANGE",
}  # fmt: skip
_SELECTED: Final = frozenset({"SELECTED", "SELECTED-DELAYED"})
_NAMED: Final = frozenset({"SUBTREE", "MAILBOXES"})
_ALL: Final = frozenset({"PERSONAL", "SUBSCRIBED"})


class BadEventError(Exception):
    """An event is asked for that this server does not have (RFC 5465 section 5)."""


@unique
class Push(Enum):
    """What of the open folder comes unasked."""

    NEVER = "never"
    DELAYED = "departures only when no sequence number is in use"
    ALWAYS = "always"


@dataclass(slots=True, kw_only=True)
class Group:
    """Events of some folders."""

    scope: str
    names: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def covers(self, folder: Folder) -> bool:
        """Tell whether a folder is meant; the first group that covers it counts."""
        if self.scope in _ALL:
            return True
        if self.scope == "INBOXES":
            return folder.name == "INBOX"
        if self.scope == "SUBTREE":
            return any(
                folder.name == name or folder.name.startswith(name + DELIMITER)
                for name in self.names
            )
        return folder.name in self.names


@dataclass(slots=True, kw_only=True)
class Subscription:
    """All that one NOTIFY SET asked for. ``mute``: it was accepted, and nothing comes of it."""

    status: bool = False
    push: Push = Push.NEVER
    flags: bool = False
    items: list[Item] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    mute: bool = False

    def wants(self, folder: Folder, event: str) -> bool:
        """Tell whether an event of a folder that is not open is wanted."""
        group = next((each for each in self.groups if each.covers(folder)), None)
        return group is not None and event in group.events


def read_subscription(words: Arguments) -> Subscription | None:
    """Read the arguments of NOTIFY; None for NONE. Raises BadSyntaxError, BadEventError."""
    words.space()
    verb = words.word()
    if verb == "NONE":
        words.end()
        return None
    if verb != "SET":
        raise BadSyntaxError("expected SET or NONE")
    words.space()
    asked = Subscription()
    if not words.sees(b"("):
        if words.word() != "STATUS":
            raise BadSyntaxError("expected STATUS or a group of events")
        asked.status = True
        words.space()
    while True:
        _group(words, asked)
        if not words.skip(b" "):
            break
    words.end()
    return asked


def _group(words: Arguments, asked: Subscription) -> None:
    words.expect(b"(")
    scope = words.word()
    names: tuple[str, ...] = ()
    if scope in _NAMED:
        words.space()
        if words.sees(b"("):
            names = tuple(words.parenthesised(words.mailbox))
        else:
            names = (words.mailbox(),)
    elif scope not in _SELECTED | _ALL | {"INBOXES"}:
        raise BadSyntaxError(f"{scope[:20]} names no mailboxes")
    words.space()
    selected = scope in _SELECTED
    events: tuple[str, ...] = ()
    if words.sees(b"("):
        events = tuple(words.parenthesised(lambda: _event(words, asked, selected=selected)))
    elif words.word() != "NONE":
        raise BadSyntaxError("expected events or NONE")
    words.expect(b")")
    unknown = [event for event in events if event not in _EVENTS]
    if unknown:
        raise BadEventError
    if ("MESSAGENEW" in events) != ("MESSAGEEXPUNGE" in events):
        raise BadSyntaxError("MessageNew and MessageExpunge stand together")
    if selected:
        if "MESSAGENEW" in events:
            asked.push = Push.ALWAYS if scope == "SELECTED" else Push.DELAYED
            asked.flags = "FLAGCHANGE" in events
    else:
        plain = tuple("INBOX" if name.upper() == "INBOX" else name for name in names)
        asked.groups.append(Group(scope=scope, names=plain, events=events))


def _event(words: Arguments, asked: Subscription, *, selected: bool) -> str:
    event = words.word()
    if event == "MESSAGENEW" and words.sees(b" ("):
        if not selected:
            raise BadSyntaxError("only the selected mailbox has items with MessageNew")
        words.space()
        asked.items = read_items(words)
    return event
