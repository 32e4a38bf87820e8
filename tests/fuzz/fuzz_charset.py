"""A fuzz target for charsets, transfer encodings and encoded words.

The first line of an input names a charset and an encoding, the rest are the octets. Whatever
they are: text that can be stored, of a bounded length. Run it as a module::

    python -m tests.fuzz.fuzz_charset --seconds 60
"""

from __future__ import annotations

import sys
from time import thread_time

from tests.fuzz.campaign import BrokenLawError, Campaign
from vedette.mime import charset, encoding, words
from vedette.mime.defects import Defect

LONGEST = 8_000
#: 8,000 octets are decoded in a few milliseconds; this is some hundred times that.
SLOW = 2.0
#: A line of uuencode that was cut is filled up to the length that it names, which has six bits: a
#: mailer may have taken the blanks at its end away.
UU_LINE = 63
#: The most characters that one octet may become: Python's codecs make one or two of each.
GROWTH = 4
MOST = 200
WORDS = (
    *(b"utf-8 base64\n", b"utf-7 7bit\n", b"iso-2022-jp quoted-printable\n", b"hz x-uuencode\n"),
    *(b"gb18030 8bit\n", b"cp1252 base64\n", b"utf-16 binary\n", b"unicode base64\n", b"\n"),
    *(
        b"=?utf-8?B?",
        b"=?iso-2022-jp?q?",
        b"?=",
        b"=?x?Q?",
        b"=",
        b"=0D=0A",
        b"=\r\n",
        b"begin 644",
    ),
    *(b"\x1b$B", b"\x1b(B", b"~{", b"~}", b"+2AA-", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80"),
    *(
        b"\0",
        b"\x85",
        b"\xe2\x80\xa8",
        b"!!\n",
        b"QUJD",
        b"A=",
        b"<meta charset=",
        b"idna",
        b"punycode",
    ),
)


def check(data: bytes) -> None:
    """Decode one input in every way that a message can ask for."""
    started = thread_time()
    head, _, body = data.partition(b"\n")
    name, _, coding = head.decode("latin-1").partition(" ")
    defects: set[Defect] = set()
    octets = encoding.decode(body, encoding.name(coding), defects)
    if len(octets) > max(len(body), UU_LINE * len(body.splitlines())):
        raise BrokenLawError(f"{len(body)} octets were decoded to {len(octets)}")
    part, cut = encoding.decode_head(body, encoding.name(coding), MOST, defects)
    if len(part) > MOST or (not cut and len(octets) > MOST):
        raise BrokenLawError("the first octets are not what was asked for")
    for text in (
        charset.decode(octets, name, defects),
        charset.decode(octets, name, defects, cut=True),
        charset.decode(octets, charset.sniff(octets), defects),
    ):
        _storable(text, len(octets))
    line = words.unstructured(body.decode("latin-1"), defects)
    _storable(line, len(body))
    if "\n" in line or "\t" in line:
        raise BrokenLawError(f"{line!r} is more than a line")
    if thread_time() - started > SLOW:
        raise BrokenLawError(f"{len(data)} octets took more than {SLOW} s")


def _storable(text: str, octets: int) -> None:
    text.encode("utf-8")
    if "\0" in text or "\r" in text:
        raise BrokenLawError("a NUL or a CR got out")
    if len(text) > GROWTH * octets + GROWTH:
        raise BrokenLawError(f"{octets} octets became {len(text)} characters")
    short, was_cut = charset.cut_bytes(text, MOST)
    if len(short.encode()) > MOST or was_cut is (short == text):
        raise BrokenLawError("a text was not cut where it should be")


CAMPAIGN = Campaign(name="charset", check=check, words=WORDS, longest=LONGEST)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
