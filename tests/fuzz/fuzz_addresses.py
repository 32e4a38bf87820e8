"""A fuzz target for the fields of a header that have a grammar: addresses above all.

Whatever stands in them: a bounded number of clean values on one line each, and nothing in a name
becomes an address. Run it as a module::

    python -m tests.fuzz.fuzz_addresses --seconds 60
"""

from __future__ import annotations

import sys
from datetime import datetime
from time import thread_time

from tests.fuzz.campaign import BrokenLawError, Campaign
from vedette.mime import addresses, authentication, dates, parameters, words
from vedette.mime.defects import Defect

LONGEST = 8_000
#: One field of 8,000 octets is read in 20 ms of processor time; this is a hundred times that.
SLOW = 2.0
MOST = 50
WORDS = (
    *(b"<", b">", b"@", b'"', b"\\", b"(", b")", b",", b";", b":", b"=", b"*", b"'", b" ", b"\t"),
    *(b"=?utf-8?B?", b"=?utf-8?q?=2C_?=", b"?=", b"%41", b"name*0*=", b"filename=", b"\r\n "),
    *(b"a@b.example", b"undisclosed-recipients:;", b"dkim=pass ", b"mx.example.org;", b"header.d="),
    *(b"Mon, 1 Jan 2024 10:00:00 +0000", b"2024-01-01T10:00:00Z", b"\xff", b"\xc3\xa9", b"\0"),
)


def check(data: bytes) -> None:
    """Read one value as each kind of field."""
    started = thread_time()
    defects: set[Defect] = set()
    octets = data.decode("latin-1")  # as a header holds its values
    value = words.text(octets, defects)
    _addresses(value, defects)
    kind, given = parameters.parse(value, defects)
    if kind != kind.lower() or any(name != name.lower() for name in given):
        raise BrokenLawError("the name of a parameter is not in lower case")
    moment = dates.parse(value)
    if moment is not None and datetime.fromisoformat(moment).tzinfo is None:
        raise BrokenLawError(f"{moment!r} has no zone")
    fields = [("authentication-results", octets), ("received", octets)]
    authentication.read(fields, {"mx.example.org"}, defects)
    if thread_time() - started > SLOW:
        raise BrokenLawError(f"{len(data)} octets took more than {SLOW} s")


def _addresses(value: str, defects: set[Defect]) -> None:
    found = addresses.parse(value, MOST, defects)
    if len(found) > MOST:
        raise BrokenLawError(f"{len(found)} addresses")
    for each in found:
        for text in (each.name, each.address):
            if any(not char.isprintable() and char in "\r\n\0\t" for char in text):
                raise BrokenLawError(f"{text!r} is not clean")
            text.encode("utf-8")
        # An address stands in the field itself, never in what an encoded word hides.
        if each.address and "@" in each.address and "@" not in value:
            raise BrokenLawError(f"{each.address!r} came out of a name")


CAMPAIGN = Campaign(name="addresses", check=check, words=WORDS, longest=LONGEST)

if __name__ == "__main__":
    sys.exit(CAMPAIGN.main())
