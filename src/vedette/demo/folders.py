"""Commands about mailboxes by name: SELECT, STATUS, CREATE, APPEND and their kin.

RFC 3501 section 6.3, RFC 2342, RFC 4315 (APPENDUID). Every mailbox
counts as subscribed. RENAME and UNSUBSCRIBE are refused: nothing shown here needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vedette.demo.arguments import Arguments, BadSyntaxError, quoted
from vedette.demo.conversation import Conversation, RefusedError, read_flags
from vedette.demo.listing import MAX_NAME
from vedette.demo.mailbox import (
    DELIMITER,
    MAX_MAILBOXES,
    Mailbox,
    OverQuotaError,
)
from vedette.demo.view import SYSTEM_FLAGS, View

_NUMBERS: Final[dict[str, Callable[[Mailbox], int]]] = {
    "MESSAGES": len,
    "RECENT": lambda box: len(box.uids(box.recent_above + 1)),
    "UIDNEXT": lambda box: box.uid_next,
    "UIDVALIDITY": lambda box: box.uid_validity,
    "UNSEEN": lambda box: sum("\\Seen" not in mail.flags for mail in box),
}


def select(talk: Conversation, words: Arguments, *, read_only: bool = False) -> str:
    """SELECT: open a mailbox; one that was open is left first, even if this fails."""
    words.space()
    name = words.mailbox()
    words.end()
    talk.leave()
    box = talk.existing(name)
    view = talk.view = View(box, read_only=read_only, wake=talk.wake)
    flags = " ".join(SYSTEM_FLAGS)
    talk.say(f"* FLAGS ({flags})")
    talk.say(f"* {len(view)} EXISTS")
    talk.say(f"* {view.recent} RECENT")
    unseen = next((n for n, mail in view.mails() if "\\Seen" not in mail.flags), None)
    if unseen is not None:
        talk.say(f"* OK [UNSEEN {unseen}] the first unseen message")
    permanent = "" if read_only else f"{flags} \\*"
    talk.say(f"* OK [PERMANENTFLAGS ({permanent})] what can be set")
    talk.say(f"* OK [UIDVALIDITY {box.uid_validity}] UIDs are valid")
    talk.say(f"* OK [UIDNEXT {box.uid_next}] the next UID")
    return "[READ-ONLY] examined" if read_only else "[READ-WRITE] selected"


def examine(talk: Conversation, words: Arguments) -> str:
    """EXAMINE: open a mailbox and change nothing in it."""
    return select(talk, words, read_only=True)


def namespace(talk: Conversation, words: Arguments) -> str:
    """NAMESPACE: one, personal (RFC 2342)."""
    words.end()
    talk.say(f'* NAMESPACE (("" "{DELIMITER}")) NIL NIL')
    return "that is all"


def status(talk: Conversation, words: Arguments) -> str:
    """STATUS: the numbers of a mailbox that need not be open."""
    words.space()
    name = words.mailbox()
    words.space()
    asked = words.parenthesised(words.word)
    words.end()
    unknown = [each for each in asked if each not in _NUMBERS]
    if unknown:
        raise BadSyntaxError(f"{unknown[0]} is no number of a mailbox")
    box = talk.existing(name)
    numbers = " ".join(f"{each} {_NUMBERS[each](box)}" for each in asked)
    talk.say(f"* STATUS {quoted(box.name)} ({numbers})")
    return "that is all"


def create(talk: Conversation, words: Arguments) -> str:
    """CREATE: make a mailbox and those above it."""
    words.space()
    name = words.mailbox()
    words.end()
    # RFC 3501 section 6.3.3: a delimiter at the end only says that more will follow below.
    name = name.removesuffix(DELIMITER)
    if not name or "" in name.split(DELIMITER) or set(name) & {"*", "%"} or len(name) > MAX_NAME:
        raise RefusedError("[CANNOT] that is no name for a mailbox")
    if len(talk.owner.mailboxes) >= MAX_MAILBOXES:
        raise RefusedError(f"[LIMIT] there are {MAX_MAILBOXES} mailboxes already")
    if talk.owner.get(name) is not None:
        raise RefusedError("[ALREADYEXISTS] there is such a mailbox")
    talk.owner.create(name)
    return "created"


def delete(talk: Conversation, words: Arguments) -> str:
    """DELETE: not INBOX, not one with others below, not one that somebody has open."""
    words.space()
    box = talk.existing(words.mailbox())
    words.end()
    if box.name == "INBOX":
        raise RefusedError("[CANNOT] INBOX stays")
    if talk.owner.children(box):
        raise RefusedError("[HASCHILDREN] there are mailboxes below it")
    if box.viewers:
        raise RefusedError("[INUSE] somebody has it open")
    talk.owner.delete(box)
    return "deleted"


def subscribe(talk: Conversation, words: Arguments) -> str:
    """SUBSCRIBE: it is already."""
    words.space()
    talk.existing(words.mailbox())
    words.end()
    return "every mailbox is subscribed"


def refuse_two_names(talk: Conversation, words: Arguments) -> str:
    """RENAME: refused."""
    words.space()
    talk.existing(words.mailbox())
    words.space()
    words.mailbox()
    words.end()
    raise RefusedError("[CANNOT] mailboxes are not renamed here")


def refuse_one_name(talk: Conversation, words: Arguments) -> str:
    """UNSUBSCRIBE: refused."""
    words.space()
    talk.existing(words.mailbox())
    words.end()
    raise RefusedError("[CANNOT] every mailbox stays subscribed")


def append(talk: Conversation, words: Arguments) -> str:
    """APPEND: put a message in; APPENDUID says where (RFC 4315 section 3)."""
    words.space()
    name = words.mailbox()
    words.space()
    flags: set[str] = set()
    if words.sees(b"("):
        flags = read_flags(words)
        words.space()
    date = talk.now()
    if words.sees(b'"'):
        date = words.date_time()
        words.space()
    octets = words.literal()
    words.end()
    # RFC 3501 section 6.3.11: the client may make the mailbox and try again.
    box = talk.existing(name, code="TRYCREATE")
    try:
        mail = box.append(octets, date=date, flags=flags)
    except OverQuotaError as error:
        raise RefusedError(f"[OVERQUOTA] {error}") from error
    return f"[APPENDUID {box.uid_validity} {mail.uid}] appended"
