r"""Commands about mailboxes that are not open: LIST, STATUS, CREATE, APPEND and their kin.

RFC 3501 section 6.3, RFC 6154 (SPECIAL-USE), RFC 2342, RFC 4315 (APPENDUID). Every mailbox
counts as subscribed. RENAME and UNSUBSCRIBE are refused: nothing shown here needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vedette.demo.arguments import Arguments, BadSyntaxError, quoted
from vedette.demo.conversation import Conversation, RefusedError, read_flags
from vedette.demo.mailbox import (
    DELIMITER,
    MAX_MAILBOXES,
    Mailbox,
    Maildrop,
    OverQuotaError,
    canonical,
)
from vedette.demo.view import SYSTEM_FLAGS, View

#: Octets in a name or pattern: what file systems allow in one.
MAX_NAME: Final = 255

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


def list_(talk: Conversation, words: Arguments) -> str:
    """LIST, with the options of RFC 6154: only special uses, or special uses returned."""
    words.space()
    special_only = False
    if words.sees(b"("):
        special_only = _options(words)
        words.space()
    reference = words.mailbox()
    words.space()
    pattern = reference + words.pattern()
    if words.skip(b" "):
        if words.word() != "RETURN":
            raise BadSyntaxError("expected RETURN")
        words.space()
        # Special uses are always returned; asking for them is no more than allowed.
        _options(words)
    words.end()
    if len(pattern) > MAX_NAME:
        raise RefusedError(f"[LIMIT] a pattern has {MAX_NAME} characters at most")
    if not pattern:
        # RFC 3501 section 6.3.8: an empty name asks for the delimiter and the root.
        talk.say(f'* LIST (\\Noselect) "{DELIMITER}" ""')
    else:
        for box in _matching(talk.owner, pattern):
            if box.use is not None or not special_only:
                talk.say(_item("LIST", talk.owner, box))
    return "that is all"


def lsub(talk: Conversation, words: Arguments) -> str:
    """LSUB: every mailbox counts as subscribed."""
    words.space()
    reference = words.mailbox()
    words.space()
    pattern = reference + words.pattern()
    words.end()
    for box in _matching(talk.owner, pattern[:MAX_NAME]):
        talk.say(_item("LSUB", talk.owner, box))
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


def matches(pattern: str, name: str) -> bool:
    """Tell whether a name fits a pattern: ``*`` is anything, ``%`` anything on one level.

    Every place in the name that the pattern can have reached is kept, so the work is at
    most the product of both lengths.
    """
    places = {0}
    for sign in pattern:
        if sign == "*":
            places = set(range(min(places), len(name) + 1))
        elif sign == "%":
            places = {end for place in places for end in range(place, _level(name, place) + 1)}
        else:
            places = {place + 1 for place in places if name[place : place + 1] == sign}
        if not places:
            return False
    return len(name) in places


def _level(name: str, place: int) -> int:
    end = name.find(DELIMITER, place)
    return len(name) if end < 0 else end


def _matching(drop: Maildrop, pattern: str) -> list[Mailbox]:
    pattern = canonical(pattern)
    return [box for name, box in sorted(drop.mailboxes.items()) if matches(pattern, name)]


def _item(verb: str, drop: Maildrop, box: Mailbox) -> str:
    attributes = ["\\HasChildren" if drop.children(box) else "\\HasNoChildren"]
    if box.use is not None and verb == "LIST":
        attributes.append(box.use)
    return f'* {verb} ({" ".join(attributes)}) "{DELIMITER}" {quoted(box.name)}'


def _options(words: Arguments) -> bool:
    """Read options of LIST: SPECIAL-USE is the only one here. Return whether it was given."""
    options = words.parenthesised(words.word, least=0)
    unknown = set(options) - {"SPECIAL-USE"}
    if unknown:
        raise BadSyntaxError(f"{min(unknown)} is no option of LIST here")
    return bool(options)
