"""Whatever comes, in whatever segments: no exception, no difference, no end of time."""

from __future__ import annotations

import base64
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.sim.imap.chat import PEACE, House
from tests.sim.imap.conduct import Conduct
from tests.sim.imap.test_conduct import WILD

NOTIFY = (
    b"i NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER]) MessageExpunge))"
    b" (personal (MessageNew MessageExpunge MailboxName))\r\n"
)
COMMANDS = (
    b"a CAPABILITY\r\n",
    b"b LOGIN {3+}\r\njoe {4}\r\npass\r\n",
    b"c AUTHENTICATE PLAIN\r\n" + base64.b64encode(b"\0joe\0pass") + b"\r\n",
    b'd LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT))\r\n',
    b"e EXAMINE INBOX\r\n",
    b"f UID FETCH 1:* (UID FLAGS BODY.PEEK[]<0.64>)\r\n",
    b"g UID SEARCH RETURN (ALL) UID 1:*\r\n",
    b"h IDLE\r\n",
    b"DONE\r\n",
    NOTIFY,
    b"j SELECT Junk (CONDSTORE)\r\n",
    b"k UID STORE 1:* +FLAGS (\\Deleted)\r\n",
    b"l EXPUNGE\r\n",
    b"m UID MOVE 1:* INBOX\r\n",
    b"n ENABLE QRESYNC\r\n",
    b"o NOOP\r\n",
    b"p FETCH 1:* ALL\r\n",
    b"q STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ MAILBOXID)\r\n",
    b'r ID ("name" "x")\r\n',
    b"s CREATE New\r\n",
    b"t DELETE Junk\r\n",
    b"u CLOSE\r\n",
    b"v LOGOUT\r\n",
    b"\xff\0 {9999999999999}\r\n",
    b"w UID FETCH 1:4294967295,* (BODY[HEADER.FIELDS (\xc3\xa4)])\r\n",
)

talks = st.lists(st.sampled_from(COMMANDS) | st.binary(max_size=40), max_size=25).map(b"".join)


def said(octets: bytes, cuts: list[int], conduct: Conduct, seed: int) -> tuple[bytes, int]:
    """Return what a server says to these octets, cut there, and how much ever arrived."""
    house = House(conduct, "Junk", seed=seed)
    house.deliver("one", "two", "three")
    house.deliver("four", folder="Junk")
    terminal = house.stranger()
    terminal.session.receive(b"x LOGIN joe pass\r\ny EXAMINE INBOX\r\n")
    bounds = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    for start, end in pairwise(bounds):
        terminal.session.receive(octets[start:end])
    house.time.passes(10_000.0)
    return bytes(terminal.octets), len(house.server.history)


@settings(max_examples=300)
@given(octets=talks, cuts=st.lists(st.integers(0, 600), max_size=30), seed=st.integers(0, 99))
@example(octets=b"".join(COMMANDS), cuts=list(range(1200)), seed=3)
def test_any_segments_of_the_same_octets_get_the_same_answer(
    octets: bytes, cuts: list[int], seed: int
) -> None:
    """At peace, and with everything that can go wrong at once."""
    for conduct in (PEACE, WILD):
        assert said(octets, cuts, conduct, seed) == said(octets, [], conduct, seed)


@settings(max_examples=300)
@given(octets=st.binary(max_size=400))
def test_any_octets_are_survived(octets: bytes) -> None:
    """Before login and after it, no octets raise anything."""
    House().stranger().session.receive(octets)
    House(WILD).stranger().session.receive(octets)
    House().joe().session.receive(b"a " + octets + b"\r\n" + octets)


def test_endless_nonsense_ends_the_session() -> None:
    """A client that speaks something else is told so, and left."""
    terminal = House().stranger()
    for _ in range(30):
        terminal.session.receive(b"GET / HTTP/1.1\r\n")

    assert terminal.is_closed
    assert terminal.heard()[-1] == "* BYE Too many invalid commands."


def test_an_endless_line_ends_the_session() -> None:
    """What is too long to be a command is not kept."""
    terminal = House().stranger()
    for _ in range(100):
        terminal.session.receive(b"x" * 1024)

    assert terminal.is_closed
