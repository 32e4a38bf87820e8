"""A fuzz target for sets of UIDs: SEARCH, ESEARCH and VANISHED with any numbers in them.

A set costs its ranges and never its UIDs, and its algebra is that of sets. Run it as a module::

    python -m tests.fuzz.fuzz_sets --seconds 60
"""

from __future__ import annotations

import sys
from time import thread_time

from tests.fuzz.campaign import BrokenLawError, Campaign
from tests.fuzz.fuzz_imap import SLOW, TIGHT
from vedette.imap import ESearch, Search, UidSet, Vanished
from vedette.imap.framer import Frame
from vedette.imap.lexer import UINT32, ParseError
from vedette.imap.parser import read_response

LONGEST = 8_000
#: A set of so few UIDs is compared with Python's own.
FEW = 500
HEADS = (b"* SEARCH ", b'* ESEARCH (TAG "V1") UID ALL ', b"* VANISHED (EARLIER) ", b"")
WORDS = (
    *(b"1", b",", b":", b"*", b" ", b"0", b"4294967295", b"4294967296", b"1:4294967295", b"007"),
    *(b"\n", b"ALL ", b"COUNT 1 ", b"UID ", b"(MODSEQ 7)", b"99999999999999999999", b"\xd9\xa1"),
)


def check(data: bytes) -> None:
    """Read the lines of an input as answers, and hold their sets against the laws."""
    started = thread_time()
    sets = [found for line in data.split(b"\n")[:8] for found in _read(line)]
    for one in sets:
        _lawful(one)
        for other in sets[:4]:
            _related(one, other)
    if thread_time() - started > SLOW:
        raise BrokenLawError(f"{len(data)} octets took more than {SLOW} s")


def _read(line: bytes) -> list[UidSet]:
    found = []
    for head in HEADS:
        try:
            if not head:
                found.append(UidSet.parse(line, items=TIGHT.items))
                continue
            response = read_response(Frame(head + line, ()), TIGHT)
        except ParseError:
            continue
        if isinstance(response, Search):
            found.append(UidSet(response.numbers))
        elif isinstance(response, ESearch) and response.all is not None:
            found.append(response.all)
        elif isinstance(response, Vanished):
            found.append(response.uids)
    return found


def _lawful(one: UidSet) -> None:
    """Hold one set: ascending, merged, within the UIDs, and the same by way of the wire."""
    last = -1
    for low, high in one.ranges:
        if not last + 1 < low <= high <= UINT32:
            raise BrokenLawError(f"{one!r} is not ascending, merged and within the UIDs")
        last = high
    if one and UidSet.parse(one.wire) != one:
        raise BrokenLawError(f"{one!r} did not come back from the wire")
    if len(one) <= FEW:
        pieces = list(one.chunks(octets=40, uids=7))
        if [uid for piece in pieces for uid in piece] != list(one):
            raise BrokenLawError(f"{one!r} in pieces is another set")
        if any(len(piece) > 7 for piece in pieces):
            raise BrokenLawError("a piece is larger than asked for")


def _related(one: UidSet, other: UidSet) -> None:
    if len(one & other) + len(one - other) != len(one):
        raise BrokenLawError(f"{one!r} is not what it shares with {other!r} and what it does not")
    if len(one | other) != len(one) + len(other - one):
        raise BrokenLawError(f"{one!r} and {other!r} are not their union")
    if len(one) <= FEW and len(other) <= FEW:
        mine, theirs = set(one), set(other)
        found = (set(one | other), set(one & other), set(one - other))
        if found != (mine | theirs, mine & theirs, mine - theirs):
            raise BrokenLawError(f"{one!r} and {other!r} are not as Python's sets")
        if any((uid in other) is not (uid in theirs) for uid in mine):
            raise BrokenLawError(f"{other!r} does not know what it holds")


CAMPAIGN = Campaign(name="sets", check=check, words=WORDS, longest=LONGEST)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
