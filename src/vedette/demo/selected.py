r"""Commands on the mailbox that is open, by number or by UID (RFC 3501 section 6.4).

FETCH, SEARCH, STORE, COPY, MOVE (RFC 6851), EXPUNGE and UID EXPUNGE (RFC 4315). What a
command changes is told by the view's report, before the tagged answer.
"""

from __future__ import annotations

from typing import Final

from vedette.demo.arguments import Arguments, BadSyntaxError
from vedette.demo.conversation import Conversation, RefusedError, read_flags
from vedette.demo.fetch import NotServedError, read_items, render, sets_seen
from vedette.demo.mailbox import Mail, Mailbox, OverQuotaError
from vedette.demo.search import CHARSETS, BadCharsetError, answer, read_search, write_set
from vedette.demo.view import View

#: Octets of messages in one answer. Larger answers are asked for in smaller sets.
MAX_ANSWER: Final = 32 * 1024 * 1024

_DELETED: Final = "\\Deleted"
_SEEN: Final = "\\Seen"


def check(talk: Conversation, words: Arguments) -> str:
    """CHECK: all is in memory, nothing is to be done."""
    words.end()
    return f"{len(talk.opened)} messages"


def close(talk: Conversation, words: Arguments) -> str:
    """CLOSE: expunge what is marked, unless read only, without a word; then leave."""
    words.end()
    view = talk.opened
    talk.leave()
    if not view.read_only:
        for uid in _marked(view):
            view.box.expunge(uid)
    return "closed"


def unselect(talk: Conversation, words: Arguments) -> str:
    """UNSELECT: leave, and expunge nothing (RFC 3691)."""
    words.end()
    talk.leave()
    return "left"


def expunge(talk: Conversation, words: Arguments) -> str:
    """EXPUNGE: take out what is marked."""
    words.end()
    view = talk.writable
    for uid in _marked(view):
        view.box.expunge(uid)
    return "expunged"


def uid_expunge(talk: Conversation, words: Arguments) -> str:
    """UID EXPUNGE: take out what is marked and in the set."""
    words.space()
    ranges = words.set()
    words.end()
    view = talk.writable
    for uid in sorted(set(_marked(view)) & set(view.chosen(ranges, by_uid=True))):
        view.box.expunge(uid)
    return "expunged"


def fetch(talk: Conversation, words: Arguments, *, by_uid: bool = False) -> str:
    r"""FETCH: hand out what is asked for; whole bodies set \Seen unless peeked at."""
    view = talk.opened
    words.space()
    ranges = words.set()
    words.space()
    try:
        items = read_items(words)
    except NotServedError as error:
        raise RefusedError(f"[CANNOT] {error}") from error
    if by_uid and "UID" not in items:
        # RFC 3501 section 6.4.8: the answer names the UID, asked for or not.
        items.insert(0, "UID")
    marks = sets_seen(items) and not view.read_only
    uids = view.chosen(ranges, by_uid=by_uid)
    start = len(talk.out)
    for uid in uids:
        mail = view.box.get(uid)
        if mail is None:
            continue
        told = items
        if marks and _SEEN not in mail.flags:
            view.box.flag(mail, mail.flags | {_SEEN}, silent_to=view)
            told = items if "FLAGS" in items else [*items, "FLAGS"]
        flags = view.flags(mail)
        talk.say(b"* %d FETCH %b" % (view.number(uid), render(mail, told, flags=flags)))
        if len(talk.out) - start > MAX_ANSWER:
            raise RefusedError(f"[LIMIT] an answer holds {MAX_ANSWER} octets; ask for fewer")
    _all_there(view, uids, by_uid=by_uid)
    return "fetched"


def search(talk: Conversation, words: Arguments, tag: str, *, by_uid: bool = False) -> str:
    """SEARCH: tell which messages match."""
    words.space()
    try:
        wanted = read_search(words, talk.opened)
    except BadCharsetError as error:
        raise RefusedError(f"[BADCHARSET ({' '.join(CHARSETS)})] unknown charset") from error
    talk.say(answer(wanted, talk.opened, tag=tag, by_uid=by_uid))
    return "searched"


def store(talk: Conversation, words: Arguments, *, by_uid: bool = False) -> str:
    """STORE: set, add or take away flags, and tell the result unless asked to be silent."""
    words.space()
    ranges = words.set()
    words.space()
    sign = next((each for each in (b"+", b"-") if words.skip(each)), b"")
    # An atom may hold the dot, so FLAGS.SILENT is one word.
    mode = words.word()
    if mode not in {"FLAGS", "FLAGS.SILENT"}:
        raise BadSyntaxError("expected FLAGS or FLAGS.SILENT")
    words.space()
    given = read_flags(words)
    words.end()
    view = talk.writable
    uids = view.chosen(ranges, by_uid=by_uid)
    for uid in uids:
        mail = view.box.get(uid)
        if mail is None:
            continue
        view.box.flag(mail, _changed(mail, given, sign), silent_to=view)
        if mode == "FLAGS":
            uid_too = f"UID {uid} " if by_uid else ""
            talk.say(f"* {view.number(uid)} FETCH ({uid_too}FLAGS {view.flags(mail)})")
    _all_there(view, uids, by_uid=by_uid)
    return "stored"


def copy(talk: Conversation, words: Arguments, *, by_uid: bool = False) -> str:
    """COPY: all or nothing; COPYUID says what became what (RFC 4315 section 3)."""
    view = talk.opened
    mails, target = _transfer(talk, words, by_uid=by_uid)
    code = _copied(mails, target)
    _all_there(view, [mail.uid for mail in mails], by_uid=by_uid)
    return f"{code}copied"


def move(talk: Conversation, words: Arguments, *, by_uid: bool = False) -> str:
    """MOVE: COPYUID comes untagged, before the EXPUNGEs (RFC 6851 section 4.3)."""
    view = talk.writable
    mails, target = _transfer(talk, words, by_uid=by_uid)
    if target is view.box:
        raise RefusedError("[CANNOT] the messages are in that mailbox")
    code = _copied(mails, target)
    if code:
        talk.say(f"* OK {code}moved")
    for mail in mails:
        view.box.expunge(mail.uid)
    return "moved"


def _transfer(talk: Conversation, words: Arguments, *, by_uid: bool) -> tuple[list[Mail], Mailbox]:
    words.space()
    ranges = words.set()
    words.space()
    name = words.mailbox()
    words.end()
    view = talk.opened
    uids = view.chosen(ranges, by_uid=by_uid)
    target = talk.existing(name, code="TRYCREATE")
    _all_there(view, uids, by_uid=by_uid)
    return [mail for uid in uids if (mail := view.box.get(uid)) is not None], target


def _copied(mails: list[Mail], target: Mailbox) -> str:
    """Copy and return the code COPYUID with a space, or nothing where there was nothing."""
    made: list[Mail] = []
    try:
        for mail in mails:
            made.append(target.append(mail.octets, date=mail.date, flags=mail.flags))  # noqa: PERF401 - what was made before a failure is undone
    except OverQuotaError as error:
        for mail in made:
            target.expunge(mail.uid)
        raise RefusedError(f"[OVERQUOTA] {error}") from error
    if not made:
        return ""
    source, destination = (write_set([mail.uid for mail in each]) for each in (mails, made))
    return f"[COPYUID {target.uid_validity} {source} {destination}] "


def _changed(mail: Mail, given: set[str], sign: bytes) -> set[str]:
    names = {flag.lower() for flag in given}
    if sign == b"-":
        return {flag for flag in mail.flags if flag.lower() not in names}
    if sign == b"+":
        return {flag for flag in mail.flags if flag.lower() not in names} | given
    return given


def _marked(view: View) -> list[int]:
    return [mail.uid for _number, mail in view.mails() if _DELETED in mail.flags]


def _all_there(view: View, uids: list[int], *, by_uid: bool) -> None:
    """See that no message asked for by number is gone (RFC 5530, EXPUNGEISSUED)."""
    if not by_uid and any(view.box.get(uid) is None for uid in uids):
        raise RefusedError("[EXPUNGEISSUED] some of the messages are gone")
