"""A fuzz target for framer and parser alone: each response costs at most itself.

The framer ends with FrameError or goes on, the parser gives a response or ParseError, and
neither makes more of an input than its octets. Run it as a module::

    python -m tests.fuzz.fuzz_responses --seconds 60
"""

from __future__ import annotations

import sys
from time import thread_time

from tests.fuzz.campaign import BrokenLawError, Campaign
from tests.fuzz.fuzz_imap import LONGEST, SLOW, TIGHT, WORDS
from vedette.imap.framer import Frame, FrameError, Framer, LiteralChunk, Streamed
from vedette.imap.lexer import ParseError, Value, read_values
from vedette.imap.parser import read_response


def check(data: bytes) -> None:
    """Hold one input against the laws. Raises BrokenLawError, or what framer or parser raised."""
    started = thread_time()
    frames = _framed(data)
    for frame in frames:
        if frame.text.startswith(b"*"):
            _parsed(frame)
    if thread_time() - started > SLOW:
        raise BrokenLawError(f"{len(data)} octets took more than {SLOW} s")


def _framed(data: bytes) -> list[Frame]:
    """Frame an input; what comes out is no more than what went in."""
    frames: list[Frame] = []
    streamed: dict[int, int] = {}
    out = 0
    try:
        for item in Framer(TIGHT).feed(data):
            if isinstance(item, LiteralChunk):
                out += len(item.data)
                streamed[item.key] = streamed.get(item.key, 0) + len(item.data)
                continue
            frames.append(item)
            out += len(item.text)
            for literal in item.literals:
                if isinstance(literal, Streamed):
                    if streamed.get(literal.key, 0) != literal.size:
                        raise BrokenLawError("a streamed literal is not as long as announced")
                else:
                    out += len(literal)
    except FrameError:
        pass  # that is an answer: the stream ends here
    if out > len(data):
        raise BrokenLawError(f"{len(data)} octets became {out}")
    return frames


def _parsed(frame: Frame) -> None:
    try:
        first = read_response(frame, TIGHT)
        if repr(read_response(frame, TIGHT)) != repr(first):
            raise BrokenLawError("a response is not read twice alike")
    except ParseError:
        pass  # that is an answer: this response can not be read
    try:
        values = read_values(frame.text, 0, frame.literals, TIGHT)
    except ParseError:
        return
    if _depth(values) > TIGHT.depth + 1:
        raise BrokenLawError("nested deeper than the limit")


def _depth(values: list[Value]) -> int:
    deepest, level = 0, [values]
    while level:
        deepest += 1
        level = [inner for each in level for inner in each if isinstance(inner, list)]
    return deepest


CAMPAIGN = Campaign(name="responses", check=check, words=WORDS, longest=LONGEST)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
