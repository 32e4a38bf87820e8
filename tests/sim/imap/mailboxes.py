"""Commands about folders: opening, listing, STATUS, NAMESPACE, making and removing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tests.sim.imap.folder import DELIMITER, Folder
from tests.sim.imap.talk import RefusedError, Talk
from tests.sim.imap.view import SYSTEM_FLAGS, View, flags_of
from vedette.demo.arguments import Arguments, BadSyntaxError, quoted
from vedette.demo.listing import matches
from vedette.demo.search import write_set

_FIELDS: Final = ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE",
                  "HIGHESTMODSEQ", "MAILBOXID")  # fmt: skip
_SELECTIONS: Final = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURNS: Final = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"})


def select(talk: Talk, words: Arguments) -> str:
    """SELECT."""
    return _opened(talk, words, read_only=False)


def examine(talk: Talk, words: Arguments) -> str:
    """EXAMINE."""
    return _opened(talk, words, read_only=True)


def leave(talk: Talk, words: Arguments) -> str:
    """UNSELECT (RFC 3691)."""
    words.end()
    talk.opened  # noqa: B018 - raises where nothing is open
    talk.leave()
    return "Unselected."


def status(talk: Talk, words: Arguments) -> str:
    """STATUS."""
    words.space()
    folder = talk.existing(words.mailbox())
    words.space()
    fields = _fields(words)
    words.end()
    say_status(talk, folder, fields)
    return "Status completed."


def say_status(talk: Talk, folder: Folder, fields: Sequence[str]) -> None:
    """Tell the numbers of a folder, as the conduct has them."""
    estate, conduct = talk.estate, talk.estate.conduct
    if estate.chance(conduct.status_missing):
        return
    if estate.chance(conduct.status_empty):
        talk.say(f"* STATUS {quoted(folder.name)} ()")
        return
    true = (len(folder.uids), folder.uid_next)
    if estate.chance(conduct.status_stale):
        messages, uid_next = folder.noted
    else:
        messages, uid_next = folder.noted = true
    if estate.chance(conduct.status_wrong):
        messages = max(0, messages + estate.dice.randint(-3, 3))
        uid_next = max(1, uid_next + estate.dice.randint(-3, 3))
    found = [
        f"{name} {_number(folder, name, messages, uid_next)}"
        for name in fields
        if not (name == "UIDNEXT" and estate.chance(conduct.uid_next_missing))
        and not (name == "UIDVALIDITY" and estate.chance(conduct.uid_validity_missing))
    ]
    talk.say(f"* STATUS {quoted(folder.name)} ({' '.join(found)})")


def namespace(talk: Talk, words: Arguments) -> str:
    """NAMESPACE (RFC 2342): one, and it has no prefix."""
    words.end()
    talk.owner  # noqa: B018 - raises where nobody is logged in
    talk.say(f'* NAMESPACE (("" "{DELIMITER}")) NIL NIL')
    return "Namespace completed."


def list_(talk: Talk, words: Arguments) -> str:
    """LIST, plain or extended (RFC 5258, RFC 5819, RFC 6154)."""
    estate, conduct = talk.estate, talk.estate.conduct
    words.space()
    chosen: list[str] = []
    if words.sees(b"("):
        chosen = words.parenthesised(words.word, least=0)
        if any(each not in _SELECTIONS for each in chosen):
            raise BadSyntaxError("no such option of LIST")
        words.space()
    reference = words.mailbox()
    words.space()
    several = words.sees(b"(")
    patterns = words.parenthesised(words.pattern) if several else [words.pattern()]
    fields = _list_returns(words)
    words.end()
    if patterns == [""]:
        talk.say(f'* LIST (\\Noselect) "{DELIMITER}" ""')
        return "List completed."
    if estate.chance(conduct.list_empty):
        return "List completed."
    wanted = [_canonical(reference + pattern) for pattern in patterns]
    for name, folder in talk.owner.folders.items():
        fits = any(matches(pattern, name) for pattern in wanted)
        if not fits or ("SPECIAL-USE" in chosen and folder.use is None):
            continue
        if name != "INBOX" and estate.chance(conduct.list_omits):
            continue
        say_list(talk, folder)
        if fields:
            say_status(talk, folder, fields)
    _say_phantom(talk)
    return "List completed."


def say_list(talk: Talk, folder: Folder, *, gone: bool = False, old: str | None = None) -> None:
    """Tell of one folder; ``old`` is the name that it had (RFC 5465 section 5.4)."""
    below = folder.name + DELIMITER
    nested = any(name.startswith(below) for name in talk.owner.folders)
    attributes = ["\\HasChildren" if nested else "\\HasNoChildren"]
    if folder.use is not None:
        attributes.append(folder.use)
    if gone:
        attributes = ["\\NonExistent"]
    former = "" if old is None else f' ("OLDNAME" ({quoted(old)}))'
    talk.say(f'* LIST ({" ".join(attributes)}) "{DELIMITER}" {quoted(folder.name)}{former}')


def _say_phantom(talk: Talk) -> None:
    if talk.chance(talk.conduct.list_phantom):
        talk.say(f'* LIST (\\HasNoChildren) "{DELIMITER}" "Phantom"')


def create(talk: Talk, words: Arguments) -> str:
    """CREATE."""
    words.space()
    name = words.mailbox()
    words.end()
    user = talk.owner
    if user.folder(name) is not None or not name:
        raise RefusedError("[ALREADYEXISTS] Mailbox already exists")
    talk.estate.create_folder(user.name, name)
    return "Create completed."


def delete(talk: Talk, words: Arguments) -> str:
    """DELETE."""
    words.space()
    folder = talk.existing(words.mailbox())
    words.end()
    if folder.name == "INBOX":
        raise RefusedError("[CANNOT] INBOX is always there")
    if talk.view is not None and talk.view.folder is folder:
        talk.leave()
    talk.estate.delete_folder(talk.owner.name, folder.name)
    return "Delete completed."


def _opened(talk: Talk, words: Arguments, *, read_only: bool) -> str:
    estate, conduct = talk.estate, talk.estate.conduct
    words.space()
    name = words.mailbox()
    known = _parameters(talk, words)
    words.end()
    # RFC 9051 section 6.3.2: a failed SELECT leaves nothing selected.
    was_open = talk.view is not None
    talk.leave()
    folder = talk.existing(name)
    if conduct.id_required and not talk.is_introduced:
        raise RefusedError("SELECT Unsafe Login. Please contact kefu@188.com for help")
    if estate.chance(conduct.open_refused):
        raise RefusedError(estate.dice.choice(conduct.troubles))
    if estate.chance(conduct.validity_jumps):
        estate.renumber(talk.owner.name, folder.name, keeps_uids=True)
        folder = talk.existing(name)
    if was_open and talk.has("QRESYNC"):
        talk.say("* OK [CLOSED] Previous mailbox closed.")
    view = talk.open(folder, read_only=read_only)
    _say_opened(talk, view)
    if known is not None and "QRESYNC" in talk.enabled and known[0] == folder.uid_validity:
        say_changes(talk, view, known[1])
    talk.moment()
    return "[READ-ONLY] Examine completed." if read_only else "[READ-WRITE] Select completed."


def _say_opened(talk: Talk, view: View) -> None:
    estate, conduct, folder = talk.estate, talk.estate.conduct, view.folder
    talk.say(f"* FLAGS ({' '.join(SYSTEM_FLAGS)})")
    kept = "" if view.read_only else f"{' '.join(SYSTEM_FLAGS)} \\*"
    talk.say(f"* OK [PERMANENTFLAGS ({kept})] Flags permitted.")
    talk.say(f"* {len(view.uids)} EXISTS")
    talk.say("* 0 RECENT")
    if not estate.chance(conduct.uid_validity_missing):
        talk.say(f"* OK [UIDVALIDITY {folder.uid_validity}] UIDs valid")
    if not estate.chance(conduct.uid_next_missing):
        uid_next = folder.uid_next
        if estate.chance(conduct.uid_next_ahead):
            uid_next += estate.dice.randint(1, 5000)
        elif estate.chance(conduct.uid_next_back):
            uid_next = estate.dice.randint(1, uid_next)
        talk.say(f"* OK [UIDNEXT {uid_next}] Predicted next UID")
    if talk.has("CONDSTORE"):
        talk.say(f"* OK [HIGHESTMODSEQ {folder.modseq}] Highest")
    if talk.has("OBJECTID"):
        talk.say(f"* OK [MAILBOXID (F{folder.serial:08d})] Ok")


def say_changes(talk: Talk, view: View, modseq: int) -> None:
    """Tell what QRESYNC asks for: what vanished and what changed since (RFC 7162 section 3.2.5)."""
    gone = sorted(uid for at, uid in view.folder.vanished if at > modseq)
    if gone:
        talk.say(f"* VANISHED (EARLIER) {write_set(gone)}")
    for uid in view.uids:
        mail = view.folder.mails.get(uid)
        if mail is not None and mail.modseq > modseq:
            flags = f"FLAGS {flags_of(mail)} MODSEQ ({mail.modseq})"
            talk.say(f"* {view.number(uid)} FETCH (UID {uid} {flags})")


def _parameters(talk: Talk, words: Arguments) -> tuple[int, int] | None:
    """Read what CONDSTORE and QRESYNC add; the UIDVALIDITY and MODSEQ that are known."""
    if not words.skip(b" "):
        return None
    words.expect(b"(")
    name = words.word()
    known = None
    if name == "QRESYNC" and talk.has("QRESYNC"):
        words.expect(b" (")
        validity = words.number(least=1)
        words.space()
        known = (validity, words.number(least=1))
        if words.skip(b" "):
            words.set()
        words.expect(b")")
    elif not (name == "CONDSTORE" and talk.has("CONDSTORE")):
        raise BadSyntaxError("no such parameter")
    words.expect(b")")
    return known


def _fields(words: Arguments) -> list[str]:
    fields = words.parenthesised(words.word)
    if any(name not in _FIELDS for name in fields):
        raise BadSyntaxError("no such number of a mailbox")
    return fields


def _list_returns(words: Arguments) -> list[str]:
    """Read what LIST is to return; the fields of STATUS."""
    fields: list[str] = []
    if not words.skip(b" "):
        return fields
    if words.word() != "RETURN":
        raise BadSyntaxError("expected RETURN")
    words.expect(b" (")
    while not words.skip(b")"):
        name = words.word()
        if name == "STATUS":
            words.space()
            fields = _fields(words)
        elif name not in _RETURNS:
            raise BadSyntaxError("no such option of LIST")
        words.skip(b" ")
    return fields


def _number(folder: Folder, name: str, messages: int, uid_next: int) -> str:
    mails = folder.mails.values()
    numbers: dict[str, Callable[[], int | str]] = {
        "MESSAGES": lambda: messages,
        "RECENT": lambda: 0,
        "UIDNEXT": lambda: uid_next,
        "UIDVALIDITY": lambda: folder.uid_validity,
        "UNSEEN": lambda: sum("\\Seen" not in mail.flags for mail in mails),
        "DELETED": lambda: sum("\\Deleted" in mail.flags for mail in mails),
        "SIZE": lambda: sum(mail.letter.length for mail in mails),
        "HIGHESTMODSEQ": lambda: folder.modseq,
        "MAILBOXID": lambda: f"(F{folder.serial:08d})",
    }
    return str(numbers[name]())


def _canonical(pattern: str) -> str:
    return "INBOX" if pattern.upper() == "INBOX" else pattern
