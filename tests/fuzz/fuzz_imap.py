"""A fuzz target for the IMAP machine: any bytes, cut anywhere, never break its laws.

Whatever comes: nothing is raised, the same bytes make the same events however they were cut, a
connection ends once and nothing follows, and no more is held than the limits allow. Run it as a
module::

    python -m tests.fuzz.fuzz_imap --seconds 60
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from time import thread_time

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

TIGHT = Limits(line=2_000, literal=50_000, response=8_000, stream_above=64, chunk=32, malformed=50)
LONGEST = 20_000
# One input of at most 20,000 octets is read in 10 ms of processor time; with a tracer, in ten
# times that. This is twenty times that again.
SLOW = 2.0
# Beyond the limits of one response: a line that is measured only when the next segment came.
SLACK = 2 * LONGEST
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
    started = thread_time()
    for segment in segments:
        connection.receive_data(segment)
        events += connection.events()
        if _held(connection) > TIGHT.response + TIGHT.line + SLACK:
            raise BrokenLawError(f"{_held(connection)} octets are held between two segments")
    connection.receive_eof()
    events += connection.events()
    if thread_time() - started > SLOW:
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


def _held(connection: Connection) -> int:
    """Return the octets of an unfinished response that the machine keeps."""
    framer = connection._framer
    held = len(framer._partial or b"")
    if framer._open is not None:
        literals = framer._open.literals
        held += sum(len(each) for each in literals if isinstance(each, bytes))
        held += framer._open.kept + len(framer._open.chunk)
    return held


def _shown(event: Event) -> str:
    raw = event.raw.reveal() if isinstance(event, Malformed) else b""
    return f"{event!r} {raw!r}"


def _cut(data: bytes, dice: random.Random) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        step = dice.choice((1, 1, 2, 7, 100, 4_096))
        yield data[position : position + step]
        position += step


CAMPAIGN = Campaign(name="imap", check=check, words=WORDS, longest=LONGEST)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
