"""What a hostile server writes, by name; each attack says where it strikes and what it may cost.

Must not know: the engine, or what is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.hostile.server import Attack, Talk

MIB = 1024 * 1024

#: What "endless" means: more than any bound of the client, so that a bound must have ended it.
ENDLESS = 256 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostility:
    """An attack at a point of the conversation.

    ``growth`` is how many MiB of memory it may cost; ``why`` gives the reason for that figure.
    ``says`` is what the client says when it leaves, where it has to leave at once.
    """

    point: str
    attack: Attack
    growth: float
    why: str
    says: str = ""


#: A response of 1 MiB at most is held while it is read, as octets, as a tree and as events of one
#: turn; the allocator keeps some of it. Measured: 2 to 12 MiB.
FEW = 24.0
ONE_RESPONSE = "one response and one turn's events"

#: 20,000 responses of one answer are kept as objects of some 400 octets, and a turn's beside them.
ANSWER = 48.0
ONE_ANSWER = "as many responses as one answer may keep"


def _once(data: bytes) -> Attack:
    return lambda talk: talk.send(data)


def _flood(unit: bytes) -> Attack:
    return lambda talk: talk.flood(unit, ENDLESS)


def _numbered(unit: bytes, count: int) -> Attack:
    """Write a unit with a number in it, so many times, so that none is as the one before."""

    def attack(talk: Talk) -> None:
        step = 5_000
        for start in range(0, count, step):
            talk.send(b"".join(unit % n for n in range(start, start + step)))

    return attack


def _numbers(head: bytes, between: bytes, count: int) -> Attack:
    """Write one line with every second number, which no range can shorten."""
    numbers = between.join(b"%d" % n for n in range(1, 2 * count, 2))
    return lambda talk: talk.send(head + numbers + b"\r\n")


def _literal(size: bytes) -> Attack:
    def attack(talk: Talk) -> None:
        talk.send(b"* 1 FETCH (UID 1 BODY[] {%b}\r\n" % size)
        # What a body would be follows, in the hope that it is kept.
        talk.flood(b"A" * 1_000, ENDLESS)

    return attack


def _announced(size: bytes) -> Hostility:
    return Hostility(
        point="UID FETCH",
        attack=_literal(size),
        growth=FEW,
        why=ONE_RESPONSE,
        says="the server announced a literal of more than",
    )


def _endless_search(talk: Talk) -> None:
    talk.send(b"* SEARCH")
    talk.flood(b" 1", ENDLESS)


def _dripped_body(talk: Talk) -> None:
    talk.send(b"* 1 FETCH (UID 1 FLAGS () BODY[] {900000}\r\n")
    talk.drip(b"A" * 900_000)
    talk.send(b")\r\n")


def _at(point: str, attack: Attack, growth: float = FEW, why: str = ONE_RESPONSE) -> Hostility:
    return Hostility(point=point, attack=attack, growth=growth, why=why)


DEEP = b"(" * 10_000 + b")" * 10_000

ATTACKS: dict[str, Hostility] = {
    # Literals that are announced and never meant.
    "literal-of-4-gib": _announced(b"4294967295"),
    "literal-below-zero": _at("UID FETCH", _literal(b"-1")),
    "literal-of-20-digits": _announced(b"9" * 20),
    "literal-of-5000-digits": _announced(b"9" * 5_000),
    "literals-without-end": _at("UID FETCH", _flood(b"* 1 FETCH (BODY[1] {1}\r\nA BODY[2] {1}\r\nA")),
    # Lines without an end, and lines that say nothing.
    "line-without-end-as-greeting": _at("greeting", _flood(b"* OK ")),
    "line-without-end": _at("push", _flood(b"* OK " + b"A" * 995)),
    "search-without-end": _at("UID SEARCH", _endless_search),
    "greetings-without-end": _at("greeting", _flood(b"\r\n")),
    "ok-without-end-at-login": _at("LOGIN", _flood(b"* OK\r\n")),
    "ok-without-end": _at("push", _flood(b"* OK\r\n")),
    "ok-without-end-in-an-answer": _at("UID FETCH", _flood(b"* OK\r\n"), ANSWER, ONE_ANSWER),
    "blank-lines-without-end": _at("push", _flood(b"\n")),
    "nul-without-end": _at("push", _flood(b"\0")),
    "challenges-without-end": _at("push", _flood(b"+ more\r\n")),
    "nonsense-without-end": _at("push", _flood(b"* )(\r\n")),
    "tags-without-end": _at("push", _flood(b"V9 OK done\r\n")),
    # Numbers of a folder that no folder has.
    "exists-without-end": _at("push", _numbered(b"* %d EXISTS\r\n", 5_000_000)),
    "exists-up-and-down": _at("push", _flood(b"* 1 EXISTS\r\n* 9 EXISTS\r\n")),
    "expunge-without-end": _at("push", _flood(b"* 1 EXPUNGE\r\n")),
    "rows-nobody-asked-for": _at("push", _numbered(b"* %d FETCH (FLAGS (\\Seen))\r\n", 5_000_000)),
    "rows-in-an-answer": _at("UID FETCH", _numbered(b"* 1 FETCH (UID %d FLAGS ())\r\n", 5_000_000), ANSWER, ONE_ANSWER),
    "bodies-nobody-asked-for": _at("push", _flood(b"* 1 FETCH (UID 9 BODY[] {1000}\r\n" + b"A" * 1_000 + b")\r\n")),
    "status-of-a-million-folders": _at("push", _numbered(b"* STATUS f%d (UIDNEXT 1)\r\n", 3_000_000)),
    "structure-of-depth-10000": _at("UID FETCH", _once(b"* 1 FETCH (UID 1 BODYSTRUCTURE " + DEEP + b")\r\n")),
    "values-without-end": _at("UID FETCH", _once(b"* 1 FETCH (" + b"A " * 30_000 + b")\r\n")),
    # Lists of UIDs.
    "search-of-100000": _at("UID SEARCH", _numbers(b"* SEARCH ", b" ", 99_000), FEW),
    "search-of-a-million": _at("UID SEARCH", _numbers(b"* SEARCH ", b" ", 1_000_000)),
    "esearch-of-everything": _at("UID SEARCH", _once(b'* ESEARCH (TAG "V9") UID ALL 1:4294967295\r\n')),
    "esearch-of-100000-ranges": _at("UID SEARCH", _numbers(b"* ESEARCH UID ALL ", b",", 99_000)),
    "searches-without-end": _at("UID SEARCH", _flood(b"* SEARCH 1 3 5\r\n"), ANSWER, ONE_ANSWER),
    "vanished-everything": _at("push", _flood(b"* VANISHED 1:4294967295\r\n")),
    # One octet at a time.
    "drip": _at("push", lambda talk: talk.drip(b"* OK " + b"A" * 60_000 + b"\r\n")),
    "drip-of-a-body": _at("push", _dripped_body),
}  # fmt: skip
