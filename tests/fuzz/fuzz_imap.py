"""A fuzz target for the IMAP core: any bytes, cut anywhere, never break its laws.

Run it as a module::

    python -m tests.fuzz.fuzz_imap --seconds 60

With ``atheris`` installed it is guided by coverage; without, it mutates the seeds in
``corpus/imap`` at random, from a seed that it prints. A finding is written beside the corpus'
seeds as ``crash-…`` and ends the run with status 1.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.campaign import BrokenLawError, Campaign
from vedette.imap import (
    Connection,
    Event,
    Fatal,
    FetchItem,
    Idle,
    Limits,
    Login,
    Malformed,
    Peek,
    Select,
    State,
    UidFetch,
    UidSet,
)
from vedette.secret import Secret

CORPUS = Path(__file__).parent / "corpus" / "imap"
TIGHT = Limits(line=2_000, literal=50_000, response=8_000, stream_above=64, chunk=32, malformed=50)
LONGEST = 20_000
# One input of at most 20,000 octets is read in milliseconds; this is two hundred times that.
SLOW = 2.0
WORDS = (
    *(b"{3}\r\n", b"{0}\r\n", b"{65}\r\n", b"{99999999999}\r\n", b"BODY[", b"NIL", b"V3 OK\r\n"),
    *(b"(", b")", b'"', b"]", b"\\", b" ", b"\0", b"\xff", b"\r\n", b"* ", b"+ "),
)
OPENING = b"* OK [CAPABILITY IMAP4rev1 IDLE LITERAL+] hi\r\n"


def check(data: bytes) -> None:
    """Hold one input against the laws. Raises BrokenLawError, or whatever the core raised."""
    cuts = random.Random(data)
    for opening in (False, True):
        whole = _outcome([data], opening=opening)
        pieces = list(_cut(data, cuts))
        if _outcome(pieces, opening=opening) != whole:
            raise BrokenLawError(f"cut into {len(pieces)} segments the events differ")


def _outcome(segments: list[bytes], *, opening: bool) -> tuple[list[str], bytes, State]:
    connection = Connection(limits=TIGHT, encrypted=True)
    if opening:
        _log_in(connection)
    events: list[Event] = []
    started = time.perf_counter()
    for segment in segments:
        connection.receive_data(segment)
        events += connection.events()
    connection.receive_eof()
    events += connection.events()
    if time.perf_counter() - started > SLOW:
        raise BrokenLawError(f"{sum(map(len, segments))} octets took more than {SLOW} s")
    ends = [index for index, event in enumerate(events) if isinstance(event, Fatal)]
    if connection.state is not State.CLOSED or ends not in ([], [len(events) - 1]):
        raise BrokenLawError("a connection ends once, and nothing follows")
    return [_shown(event) for event in events], connection.data_to_send(), connection.state


def _log_in(connection: Connection) -> None:
    """Open a folder and leave a FETCH and an IDLE under way."""
    connection.receive_data(OPENING)
    connection.send(Login(user="u", password=Secret("p")))
    connection.receive_data(b"V1 OK in\r\n")
    connection.send(Select(mailbox=b"INBOX", read_only=False))
    connection.receive_data(b"V2 OK open\r\n")
    connection.send(UidFetch(uids=UidSet.since(1), items=(FetchItem.FLAGS, Peek())))
    connection.send(Idle())
    connection.data_to_send()
    connection.events()


def _shown(event: Event) -> str:
    raw = event.raw.reveal() if isinstance(event, Malformed) else b""
    return f"{event!r} {raw!r}"


def _cut(data: bytes, dice: random.Random) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        step = dice.choice((1, 1, 2, 7, 100, 4_096))
        yield data[position : position + step]
        position += step


CAMPAIGN = Campaign(
    check=check,
    seeds=tuple(sorted(CORPUS.glob("*.imap"))),
    words=WORDS,
    longest=LONGEST,
    findings=CORPUS,
)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
