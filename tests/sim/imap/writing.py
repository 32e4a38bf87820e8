"""Commands that change messages: STORE, COPY, MOVE, EXPUNGE, CLOSE (RFC 4315, RFC 6851)."""

from __future__ import annotations

from typing import Final

from tests.sim.imap.conduct import Ending
from tests.sim.imap.folder import Change, Folder, Mail, Origin
from tests.sim.imap.talk import EndedError, RefusedError, Talk
from tests.sim.imap.view import View, read_messages
from vedette.demo.arguments import Arguments, BadSyntaxError
from vedette.demo.search import write_set

#: What a server says that has no room (RFC 5530).
_FULL: Final = ("[OVERQUOTA] Quota exceeded", "[LIMIT] Too much mail in this mailbox")


def store(talk: Talk, words: Arguments, *, by_uid: bool = False) -> str:
    """STORE and UID STORE."""
    view = _writable(talk)
    words.space()
    ranges = read_messages(words, saves=talk.has("SEARCHRES"))
    words.space()
    unchanged = _condition(talk, words)
    mode = words.word()
    words.space()
    if mode.endswith("X-GM-LABELS") and talk.has("X-GM-EXT-1"):
        return _label(talk, words, view.chosen(ranges, by_uid=by_uid), mode[0])
    listed = words.sees(b"(")
    flags = words.parenthesised(words.flag, least=0) if listed else [words.flag()]
    words.end()
    sign, _, silent = mode.partition("FLAGS")
    if sign not in {"", "+", "-"} or silent not in {"", ".SILENT"} or "FLAGS" not in mode:
        raise BadSyntaxError("expected FLAGS")
    if _forgets(talk, flags):
        return "Store completed."
    modified = []
    for uid in view.chosen(ranges, by_uid=by_uid):
        mail = view.folder.mails.get(uid)
        if mail is None:
            continue
        if unchanged is not None and mail.modseq > unchanged:
            modified.append(uid if by_uid else view.number(uid))
            continue
        view.folder.flag(uid, _kept(mail.flags, flags, sign))
        talk.estate.touched(talk.owner, mail, Change.FLAGGED, flags=flags, sign=sign)
        if silent:
            view.changed.pop(uid, None)
    if _is_own(flags):
        _maybe_lost(talk)
    return f"[MODIFIED {write_set(modified)}] Some changed." if modified else "Store completed."


def _label(talk: Talk, words: Arguments, uids: list[int], sign: str) -> str:
    """Add labels or take them off (Gmail's X-GM-EXT-1)."""
    labels = [each.decode("ascii") for each in words.parenthesised(words.astring)]
    words.end()
    if _forgets(talk, labels):
        return "Store completed."
    folder = _writable(talk).folder
    for uid in uids:
        mail = folder.mails.get(uid)
        if mail is not None:
            mail.labels = _kept(mail.labels, labels, sign)
            talk.estate.touched(talk.owner, mail, Change.FLAGGED, flags=labels, sign=sign)
    _maybe_lost(talk)
    return "Store completed."


def _kept(before: dict[str, None], given: list[str], sign: str) -> dict[str, None]:
    """Return flags or labels after a change."""
    if sign == "-":
        return {each: None for each in before if each not in given}
    return {**(before if sign == "+" else {}), **dict.fromkeys(given)}


def _is_own(flags: list[str]) -> bool:
    """Tell a user's own marks from the flags of the system, and from ``$`` words of programs."""
    return all(not flag.startswith(("\\", "$")) for flag in flags)


def _forgets(talk: Talk, flags: list[str]) -> bool:
    """Tell whether a mark is not kept, whatever is said of it (G9)."""
    return _is_own(flags) and talk.chance(talk.conduct.mark_unkept)


def copy(talk: Talk, words: Arguments, *, by_uid: bool = False) -> str:
    """COPY and UID COPY."""
    view, uids, target = _to(talk, words, by_uid=by_uid)
    if talk.chance(talk.conduct.change_idle):
        return "Copy completed."
    pairs = _copied(talk, view, uids, target, Origin.COPIED)
    for mail, made in pairs:
        talk.estate.touched(talk.owner, mail, Change.COPIED, made=made)
    code = _copyuid(talk, target, pairs)
    _maybe_lost(talk)
    return f"{code}Copy completed."


def move(talk: Talk, words: Arguments, *, by_uid: bool = False) -> str:
    """MOVE and UID MOVE: COPYUID comes untagged, before the EXPUNGE (RFC 6851 section 4.3)."""
    view, uids, target = _to(talk, words, by_uid=by_uid)
    if not talk.has("MOVE") or view.read_only:
        raise RefusedError("[CANNOT] nothing is moved from here")
    if talk.chance(talk.conduct.change_idle):
        return "Move completed."
    is_torn = len(uids) > 1 and talk.chance(talk.conduct.move_torn)
    pairs = _copied(talk, view, uids[: len(uids) // 2] if is_torn else uids, target, Origin.MOVED)
    if not pairs:
        return "No messages found."
    code = _copyuid(talk, target, pairs)
    is_tagged = not is_torn and talk.chance(talk.conduct.copyuid_tagged)
    if code and not is_tagged:
        talk.say(f"* OK {code}Moved UIDs.")
    for mail, made in pairs:
        talk.estate.remove(talk.owner, view.folder, mail.uid)
        talk.estate.touched(talk.owner, mail, Change.MOVED, made=made)
    if is_torn:
        # A set is not moved as one (RFC 6851 section 3.3).
        raise RefusedError("[SERVERBUG] Some were moved, and some were not")
    _maybe_lost(talk)
    return f"{code if is_tagged else ''}Move completed."


def expunge(talk: Talk, words: Arguments) -> str:
    """EXPUNGE."""
    words.end()
    view = _writable(talk)
    _remove_deleted(talk, view, tuple(view.uids))
    return "Expunge completed."


def uid_expunge(talk: Talk, words: Arguments) -> str:
    """UID EXPUNGE (RFC 4315)."""
    view = _writable(talk)
    if not talk.has("UIDPLUS"):
        raise BadSyntaxError("no such command")
    words.space()
    ranges = words.set()
    words.end()
    _remove_deleted(talk, view, tuple(view.chosen(ranges, by_uid=True)))
    return "Expunge completed."


def close(talk: Talk, words: Arguments) -> str:
    """CLOSE: it expunges, without a word (RFC 9051 section 6.4.1)."""
    words.end()
    view = talk.opened
    talk.leave()
    if not view.read_only:
        _remove_deleted(talk, view, tuple(view.uids))
    return "Close completed."


def _remove_deleted(talk: Talk, view: View, uids: tuple[int, ...]) -> None:
    for uid in uids:
        mail = view.folder.mails.get(uid)
        if mail is not None and "\\Deleted" in mail.flags:
            talk.estate.remove(talk.owner, view.folder, uid)
            talk.estate.touched(talk.owner, mail, Change.EXPUNGED)


def _maybe_lost(talk: Talk) -> None:
    """Let the link end between a change and its answer, if the conduct has it (C11)."""
    if talk.chance(talk.conduct.answer_lost):
        raise EndedError(Ending.CLOSE)


def _to(talk: Talk, words: Arguments, *, by_uid: bool) -> tuple[View, list[int], Folder]:
    view = _current(talk)
    words.space()
    ranges = read_messages(words, saves=talk.has("SEARCHRES"))
    words.space()
    target = talk.existing(words.mailbox(), code="TRYCREATE")
    words.end()
    if talk.chance(talk.conduct.over_quota):
        raise RefusedError(talk.estate.dice.choice(_FULL))
    return view, view.chosen(ranges, by_uid=by_uid), target


def _copied(
    talk: Talk, view: View, uids: list[int], target: Folder, origin: Origin
) -> list[tuple[Mail, Mail]]:
    pairs = []
    for uid in uids:
        mail = view.folder.mails.get(uid)
        if mail is not None:
            date = mail.internal_date
            made = talk.estate.append(talk.owner, target, mail.letter, origin, date, kept=True)
            made.like(mail)
            pairs.append((mail, made))
    return pairs


def _copyuid(talk: Talk, target: Folder, pairs: list[tuple[Mail, Mail]]) -> str:
    if not pairs or not talk.has("UIDPLUS") or talk.chance(talk.conduct.copyuid_missing):
        return ""
    here = write_set([old.uid for old, _ in pairs])
    there = write_set([new.uid for _, new in pairs])
    return f"[COPYUID {target.uid_validity} {here} {there}] "


def _condition(talk: Talk, words: Arguments) -> int | None:
    """Read UNCHANGEDSINCE (RFC 7162 section 3.1.3)."""
    if not words.skip(b"("):
        return None
    if words.word() != "UNCHANGEDSINCE" or not talk.has("CONDSTORE"):
        raise BadSyntaxError("no such modifier")
    words.space()
    since = words.number()
    words.expect(b") ")
    return since


def _current(talk: Talk) -> View:
    """Return the open folder, if it is still the one of its name."""
    view = talk.opened
    if not talk.is_current:
        raise RefusedError("[UNAVAILABLE] the mailbox is not what it was")
    return view


def _writable(talk: Talk) -> View:
    view = _current(talk)
    if view.read_only:
        raise RefusedError("[CANNOT] the mailbox was opened with EXAMINE: it is read only")
    return view
