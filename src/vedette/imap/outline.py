"""What goes over a connection, told to a person: words of the protocol, numbers, and nothing else.

A line is made from the value that was sent or read and never from octets on the wire, so that it has
only what is written here: verbs, tags, the names of codes and items, numbers and sizes. Where
somebody's text stands, its size is shown: ``{1234 octets}``. Of a server's own words in a status
response those are left out that are long, that look like an address, or that name what we sent. It
must not know whose connection it is, nor who reads.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from vedette.imap.auth import Authenticate, Login, LoginMechanism, OAuthBearer, Plain, XOAuth2
from vedette.imap.codes import AppendUid, Code, CodeName, CopyUid
from vedette.imap.commands import AskId, Command
from vedette.imap.encoder import Encoder
from vedette.imap.events import Challenge, Completed, Event, Fatal, Greeting, IdleStarted, Malformed
from vedette.imap.fetch import Fetch, Section
from vedette.imap.framer import LiteralChunk, Streamed
from vedette.imap.responses import (
    Capability,
    Enabled,
    ESearch,
    Exists,
    Expunge,
    Flags,
    Id,
    ListItem,
    Namespace,
    Recent,
    Search,
    Status,
    StatusItem,
    Unknown,
    Vanished,
)
from vedette.imap.sets import UidSet
from vedette.secret import Secret

#: Characters of a line: a screen's two.
LONGEST: Final = 200
#: Stands for a word that is not shown.
HIDDEN: Final = "…"

#: What is said in our own words of a command: sets of UIDs may be long, and are cut afterwards.
_MAXIMUM: Final = 1 << 20
#: Texts that are remembered to be kept out of a server's words: those of commands under way.
_REMEMBERED: Final = 64
#: A text is known by its beginning: a server may quote it cut short. Names of two letters are in
#: any word.
_NEEDLE: Final = 6
_SHORTEST: Final = 3
#: Characters of a server's words that are looked through; longer ones are not shown at all.
_READ: Final = 4_096
#: Characters of a word: tokens and what is encoded have no spaces, and are longer.
_WORD: Final = 24

#: Runs of a set that are written out.
_RUNS: Final = 16

#: What a word of the protocol looks like. An id or a keyword has other letters, as a rule.
_ATOM: Final = re.compile(rb"[A-Z0-9=+-]{1,24}")
_NAME: Final = re.compile(r"[A-Z0-9=+.*-]{1,24}")
_SYSTEM: Final = frozenset(
    {
        "\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "\\Recent", "\\All", "\\Archive",
        "\\Drafts", "\\Junk", "\\Sent", "\\Trash", "\\Important",
    }
)  # fmt: skip
_ATTRIBUTES: Final = frozenset(each.lower() for each in _SYSTEM) | {
    "\\noselect", "\\nonexistent", "\\haschildren", "\\hasnochildren", "\\noinferiors",
    "\\marked", "\\unmarked", "\\subscribed", "\\remote",
}  # fmt: skip
_CODES: Final = frozenset(each.value for each in CodeName)
_SECTION: Final = re.compile(rb"[0-9.]*(?:HEADER|TEXT|MIME)?")
_QUOTED: Final = re.compile(r'(["\\])')


class _Outline(Encoder):
    """Takes what a command writes; of its texts the sizes alone. ``texts`` are what was left out."""

    __slots__ = ("texts",)

    def __init__(self, tag: str, verb: str) -> None:
        super().__init__(tag, verb, free_literal=0, utf8=True, maximum=_MAXIMUM)
        self.texts: list[str] = []

    def atom(self, word: bytes | str, *, sep: bytes = b" ") -> None:
        octets = word.encode("utf-8", "replace") if isinstance(word, str) else word
        if _ATOM.fullmatch(octets):
            self._write(sep, octets)
        else:
            self._text(octets, sep)

    def flag(self, name: str, *, sep: bytes = b" ") -> None:
        if name in _SYSTEM:
            self._write(sep, name.encode())
        else:
            self._text(name, sep)

    def string(self, text: bytes | str, *, sep: bytes = b" ") -> None:
        self._text(text, sep)

    def ascii_string(self, text: bytes | str, *, what: str, sep: bytes = b" ") -> None:
        del what
        self._text(text, sep)

    def message(self, octets: bytes) -> None:
        self._write(b" ", _sized(len(octets)).encode())

    def line(self) -> str:
        return bytes(self._line[:LONGEST]).decode("ascii", "replace")

    def _text(self, text: bytes | str, sep: bytes) -> None:
        octets = text.encode("utf-8", "replace") if isinstance(text, str) else text
        if octets.upper() == b"INBOX":
            self._write(sep, b"INBOX")
            return
        self.texts.append(octets[:_NEEDLE].decode("utf-8", "ignore"))
        self._write(sep, _sized(len(octets)).encode())


class Outliner:
    """Tells what is sent and heard over the connections of one account, whose ``secrets`` it keeps out."""

    __slots__ = ("_needles", "_secrets")

    def __init__(self, secrets: Iterable[Secret[str]] = ()) -> None:
        self._secrets: set[str] = set()
        self._needles: deque[str] = deque(maxlen=_REMEMBERED)
        for secret in secrets:
            self._keep(secret.reveal())

    def sent(self, tag: str, command: Command) -> str:
        """Return the line of a command. Of a login nothing is shown but the way."""
        if isinstance(command, Login | Authenticate):
            for text in _credentials(command):
                self._keep(text)
            way = f" {command.mechanism.name}" if isinstance(command, Authenticate) else ""
            return f"{tag} {command.verb}{way} {HIDDEN}"
        out = _Outline(tag, command.verb)
        command.write(out)
        if not isinstance(command, AskId):
            # What we say of ourselves is no secret, and in half of all words.
            self._needles.extend(each.casefold() for each in out.texts if len(each) >= _SHORTEST)
        return out.line()

    def heard(self, event: Event) -> str | None:
        """Return the line of what came; None for what is told with something else."""
        line = self._line(event)
        return None if line is None else line[:LONGEST]

    def _line(self, event: Event) -> str | None:
        match event:
            case LiteralChunk():
                return None
            case Completed(tag=tag, kind=kind, code=code, text=text):
                return f"{tag} {kind.value}{_code(code)}{self._words(text)}"
            case (
                Greeting(status=kind, code=code, text=text)
                | Status(kind=kind, code=code, text=text)
            ):
                return f"* {kind.value}{_code(code)}{self._words(text)}"
            case Capability(names=names):
                return f"* CAPABILITY{self._names(names)}"
            case Enabled(names=names):
                return f"* ENABLED{self._names(names)}"
            case _:
                outline = _PLAIN.get(type(event))
                return HIDDEN if outline is None else outline(event)

    def _words(self, text: str) -> str:
        """Return a server's words, without any that might be somebody's."""
        if not text:
            return ""
        folded = text.casefold()
        if len(text) > _READ or any(each in folded for each in (*self._secrets, *self._needles)):
            return f" {HIDDEN}"
        shown = [_word(each) for each in text.split()]
        return f" {' '.join(shown)}"

    def _names(self, names: Iterable[str]) -> str:
        shown = " ".join(each for each in sorted(names) if _NAME.fullmatch(each))
        return self._words(shown)

    def _keep(self, text: str) -> None:
        """Keep a text, or its beginning, out of all words; as it is, quoted and encoded."""
        encoded = b2a_base64(text.encode("utf-8", "replace"), newline=False).decode()
        for each in (text, _QUOTED.sub(r"\\\1", text), encoded):
            if needle := each.casefold()[:_NEEDLE]:
                self._secrets.add(needle)


def _fetch(event: Fetch) -> str:
    parts = [
        _named("UID", event.uid),
        "" if event.flags is None else f" FLAGS ({_flags(event.flags)})",
        "" if event.internal_date is None else " INTERNALDATE",
        _named("RFC822.SIZE", event.size),
        _named("MODSEQ", event.modseq),
        "" if event.body_structure is None else " BODYSTRUCTURE",
        *(_section(each) for each in event.sections[:8]),
    ]
    return f"* {event.seq} FETCH ({''.join(parts).strip()})"


def _section(section: Section) -> str:
    name = section.name if _SECTION.fullmatch(section.name[:24]) else HIDDEN.encode()
    origin = "" if section.origin is None else f"<{section.origin}>"
    data = section.data
    octets = data.size if isinstance(data, Streamed) else len(data or b"")
    size = "NIL" if data is None else _sized(octets)
    return f" BODY[{name[:24].decode()}]{origin} {size}"


def _status(event: StatusItem) -> str:
    numbers = [
        _named("MESSAGES", event.messages),
        _named("UIDNEXT", event.uid_next),
        _named("UIDVALIDITY", event.uid_validity),
        _named("UNSEEN", event.unseen),
        _named("HIGHESTMODSEQ", event.highest_modseq),
        _named("SIZE", event.size),
    ]
    return f"* STATUS {_folder(event.name)} ({''.join(numbers).strip()})"


def _esearch(event: ESearch) -> str:
    numbers = [
        " UID" if event.uid else "",
        _named("MIN", event.min),
        _named("MAX", event.max),
        _named("COUNT", event.count),
        "" if event.all is None else f" ALL {_uids(event.all)}",
        _named("MODSEQ", event.modseq),
    ]
    return f"* ESEARCH{''.join(numbers)}"


def _code(code: Code | None) -> str:
    """Return a response code that is known by its name, with numbers alone behind it."""
    if code is None:
        return ""
    if code.name not in _CODES:
        return f" [{HIDDEN}]"
    match code.argument:
        case None:
            argument = ""
        case int() as number:
            argument = f" {number}"
        case UidSet() as uids:
            argument = f" {_uids(uids)}"
        case CopyUid(uid_validity=validity, source=source, destination=destination):
            argument = f" {validity} {_uids(source)} {_uids(destination)}"
        case AppendUid(uid_validity=validity, uids=uids):
            argument = f" {validity} {_uids(uids)}"
        case _:
            argument = f" {HIDDEN}"
    return f" [{code.name}{argument}]"


def _credentials(command: Login | Authenticate) -> tuple[str, ...]:
    """Return what a login is made of, and the forms in which it goes over the wire."""
    whole = b""
    if isinstance(command, Login):
        user, secret = command.user, command.password
    else:
        match command.mechanism:
            case Plain(user=user, password=secret) | LoginMechanism(user=user, password=secret):
                pass
            case XOAuth2(user=user, token=secret) | OAuthBearer(user=user, token=secret):
                pass
            case _:
                return ()
        whole = command.mechanism.initial() or b""
    plain = f"\0{user}\0{secret.reveal()}"
    return user, secret.reveal(), plain, whole.decode("utf-8", "replace")


def _word(word: str) -> str:
    is_shown = len(word) <= _WORD and "@" not in word and word.isprintable()
    return word if is_shown else HIDDEN


def _folder(name: bytes) -> str:
    return "INBOX" if name.upper() == b"INBOX" else _sized(len(name))


def _flags(names: frozenset[str]) -> str:
    known = sorted(names & _SYSTEM)
    others = len(names) - len(known)
    return " ".join([*known, *([f"and {others} others"] if others else [])])


def _uids(uids: UidSet) -> str:
    # Of a set with thousands of runs its first ones, and nothing is written of the others.
    runs = [f"{low}:{high}" if low < high else str(low) for low, high in uids.ranges[:_RUNS]]
    return ",".join([*runs, *([HIDDEN] if len(uids.ranges) > _RUNS else [])])


def _named(name: str, value: int | None) -> str:
    return "" if value is None else f" {name} {value}"


def _sized(octets: int) -> str:
    return f"{{{octets} octets}}"


def _list(event: ListItem) -> str:
    known = " ".join(sorted(event.attributes & _ATTRIBUTES))
    return f"* LIST ({known}) {_folder(event.name)}"


def _vanished(event: Vanished) -> str:
    return f"* VANISHED {'(EARLIER) ' if event.earlier else ''}{_uids(event.uids)}"


def _namespace(event: Namespace) -> str:
    sizes = (event.personal, event.other, event.shared)
    return f"* NAMESPACE {' '.join(f'({len(each)})' for each in sizes)}"


def _marks(event: Flags) -> str:
    return f"* FLAGS ({'NIL' if event.names is None else _flags(event.names)})"


#: What is told of each kind of event without a server's words in it.
_PLAIN: Final[Mapping[type, Callable[[Any], str]]] = {
    Exists: lambda event: f"* {event.count} EXISTS",
    Recent: lambda event: f"* {event.count} RECENT",
    Expunge: lambda event: f"* {event.seq} EXPUNGE",
    Vanished: _vanished,
    Fetch: _fetch,
    Flags: _marks,
    ListItem: _list,
    StatusItem: _status,
    Search: lambda event: f"* SEARCH ({len(event.numbers)} numbers){_named('MODSEQ', event.modseq)}",
    ESearch: _esearch,
    Namespace: _namespace,
    Id: lambda event: f"* ID ({len(event.fields)} fields)",
    IdleStarted: lambda _event: "+ (idling)",
    Challenge: lambda event: f"+ {_sized(len(event.data))}",
    Malformed: lambda _event: "* (a response that can not be read)",
    Fatal: lambda event: f"(the connection is over: {event.error.code})",
    Unknown: lambda event: f"{HIDDEN} {_sized(len(event.raw))}",
}  # fmt: skip
