"""FETCH and SEARCH, and every way in which servers were seen to spoil them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.sim.imap.conduct import Ending
from tests.sim.imap.criteria import (
    SAVE,
    Query,
    found_by,
    read_query,
)
from tests.sim.imap.folder import Mail
from tests.sim.imap.items import (
    Item,
    Section,
    read_items,
    render,
    render_gone,
    sets_seen,
)
from tests.sim.imap.talk import EndedError, RefusedError, Talk
from tests.sim.imap.view import View, read_messages
from vedette.demo.arguments import Arguments, BadSyntaxError
from vedette.demo.search import BadCharsetError, write_set, written

#: What Microsoft 365 says after rows that it left out (S8).
_SOME_GONE: Final = "Some of the requested messages no longer exist."


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What a FETCH asks for; only of what changed since a MODSEQ, if ``since`` is given."""

    items: list[Item]
    since: int | None = None
    vanished: bool = False


def fetch(talk: Talk, words: Arguments, *, by_uid: bool = False) -> str:
    """FETCH and UID FETCH."""
    conduct, view = talk.conduct, talk.opened
    words.space()
    ranges = read_messages(words, saves=talk.has("SEARCHRES"))
    words.space()
    asked = _Asked(items=read_items(words))
    _modifiers(talk, words, asked)
    words.end()
    if by_uid and "UID" not in asked.items:
        asked.items.insert(0, "UID")
    if talk.chance(conduct.fetch_refused):
        raise RefusedError(talk.estate.dice.choice(conduct.troubles))
    if conduct.looks_first:
        talk.report(expunges=by_uid)
    chosen = view.chosen(ranges, by_uid=by_uid)
    if talk.chance(conduct.fetch_empty):
        return "Fetch completed."
    talk.moment()
    are_gone = _rows(talk, view, chosen, asked)
    _noise(talk, view)
    if talk.chance(conduct.fetch_no_at_end):
        raise RefusedError(_SOME_GONE)
    return "[EXPUNGEISSUED] Some are gone." if are_gone else "Fetch completed."


def search(talk: Talk, words: Arguments, *, by_uid: bool = False) -> str:
    """SEARCH and UID SEARCH."""
    estate, conduct, view = talk.estate, talk.estate.conduct, talk.opened
    words.space()
    if words.sees(b"RETURN ") and not (talk.has("ESEARCH") or talk.has("IMAP4rev2")):
        raise BadSyntaxError("no such criterion")
    if conduct.looks_first:
        talk.report(expunges=by_uid)
    try:
        query = read_query(words, view, saves=talk.has("SEARCHRES"))
    except BadCharsetError as error:
        raise RefusedError("[BADCHARSET (US-ASCII UTF-8)] no such charset here") from error
    if estate.chance(conduct.search_refused):
        raise RefusedError(estate.dice.choice(conduct.troubles))
    uids = [] if estate.chance(conduct.search_empty) else found_by(query, view)
    if conduct.search_omits:
        uids = [uid for uid in uids if not estate.chance(conduct.search_omits)]
    if SAVE in (query.returns or ()):
        view.saved = tuple(uids)
    # Where nothing else was asked for nothing is told (RFC 5182 section 2.1).
    if query.returns != (SAVE,):
        _say_found(talk, query, uids, by_uid=by_uid)
    talk.moment()
    return "Search completed."


def _say_found(talk: Talk, query: Query, uids: list[int], *, by_uid: bool) -> None:
    estate, conduct, view = talk.estate, talk.conduct, talk.opened
    numbers = uids if by_uid else [view.number(uid) for uid in uids]
    plain = query.returns is None or estate.chance(conduct.esearch_plain)
    if plain and numbers and estate.chance(conduct.search_split):
        middle = estate.dice.randint(0, len(numbers))
        for part in (numbers[:middle], numbers[middle:]):
            talk.say(" ".join(["* SEARCH", *map(str, part)]))
    elif plain:
        talk.say(" ".join(["* SEARCH", *map(str, numbers)]))
    else:
        talk.say(written(query.returns or (), numbers, tag=talk.tag, by_uid=by_uid))


def _rows(talk: Talk, view: View, chosen: list[int], asked: _Asked) -> bool:
    """Say what is asked of these messages; return whether some of them are gone."""
    since = asked.since
    if asked.vanished and since is not None:
        gone = sorted(uid for at, uid in view.folder.vanished if at > since)
        if gone:
            talk.say(f"* VANISHED (EARLIER) {write_set(gone)}")
    are_gone = False
    if talk.chance(talk.conduct.rows_shuffled):
        talk.estate.dice.shuffle(chosen)
    for uid in chosen:
        mail = view.folder.mails.get(uid)
        if uid in view.veiled:
            continue
        if mail is None:
            are_gone = True
            if talk.chance(talk.conduct.gone_as_nil):
                talk.say(b"* %d FETCH %b" % (view.number(uid), render_gone(uid, asked.items)))
        elif since is None or mail.modseq > since:
            _row(talk, view, mail, asked.items)
    return are_gone


def _row(talk: Talk, view: View, mail: Mail, items: list[Item]) -> None:
    """Say the row of one message, or what is left of it."""
    estate, conduct = talk.estate, talk.estate.conduct
    if estate.chance(conduct.row_omitted):
        return
    bodies: list[Item] = [item for item in items if isinstance(item, Section)]
    if bodies and estate.chance(conduct.row_bodiless):
        items, bodies = [item for item in items if not isinstance(item, Section)], []
    whole = estate.chance(conduct.partial_ignored)
    head = b"* %d FETCH " % view.number(mail.uid)
    if bodies and estate.chance(conduct.row_split):
        facts: list[Item] = [item for item in items if not isinstance(item, Section)]
        rows = [head + render(mail, each, whole=whole) for each in (facts, ["UID", *bodies])]
    else:
        rows = [head + render(mail, items, whole=whole)]
    if estate.chance(conduct.row_doubled):
        rows *= 2
    if estate.chance(conduct.fetch_cut):
        octets = b"\r\n".join(rows)
        talk.out += octets[: estate.dice.randrange(len(octets))]
        raise EndedError(Ending.CLOSE)
    for row in rows:
        talk.say(row)
    if sets_seen(items) and not view.read_only and "\\Seen" not in mail.flags:
        view.folder.flag(mail.uid, {**mail.flags, "\\Seen": None})


def _noise(talk: Talk, view: View) -> None:
    """Say rows that nobody asked for (S11)."""
    estate, conduct = talk.estate, talk.estate.conduct
    if view.uids and estate.chance(conduct.row_unasked):
        number = estate.dice.randint(1, len(view.uids))
        uid = view.uids[number - 1]
        if estate.chance(0.5):
            talk.say(f"* {number} FETCH (UID {uid} FLAGS (\\Seen))")
        else:
            talk.say(f"* {number} FETCH (FLAGS (\\Seen))")
    if estate.chance(conduct.row_nobody):
        talk.say("* 0 FETCH (FLAGS ())")


def _modifiers(talk: Talk, words: Arguments, asked: _Asked) -> None:
    """Read CHANGEDSINCE and VANISHED (RFC 7162 sections 3.1.4 and 3.2.6)."""
    if not words.skip(b" "):
        return
    words.expect(b"(")
    if words.word() != "CHANGEDSINCE" or not talk.has("CONDSTORE"):
        raise BadSyntaxError("no such modifier")
    words.space()
    asked.since = words.number()
    if words.skip(b" "):
        if words.word() != "VANISHED" or "QRESYNC" not in talk.enabled:
            raise BadSyntaxError("no such modifier")
        asked.vanished = True
    words.expect(b")")
    if "MODSEQ" not in asked.items:
        asked.items.append("MODSEQ")
