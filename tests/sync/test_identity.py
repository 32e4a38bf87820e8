"""Which message is which when UIDs can not tell."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.imap import Fetch
from vedette.sync.identity import FIELDS, KEY_SIZE, keys_of

HEADER = (
    b"From: Ann <ann@example.org>\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"Subject: Hello\r\n"
    b"Date: Tue, 14 Nov 2023 22:00:00 +0000\r\n\r\n"
)
ROW = Fetch(seq=1, uid=3, size=300, internal_date="14-Nov-2023 22:14:00 +0000")


def test_s2_a_message_has_the_same_key_under_another_uid() -> None:
    """UIDs and sequence numbers are no part of it, nor are flags."""
    moved = replace(ROW, seq=9, uid=77, flags=frozenset({"\\Seen"}))

    assert keys_of(moved, HEADER) == keys_of(ROW, HEADER)


def test_the_whole_header_and_the_asked_fields_give_the_same_key() -> None:
    """A key made of a whole message matches one made of HEADER.FIELDS, in any order and folding."""
    whole = (
        b"Received: from a by b\r\n"
        b"subject:\r\n  Hello\r\n"
        b"DATE: Tue, 14 Nov 2023\r\n\t22:00:00 +0000\r\n"
        b"X-Other: 1\r\n"
        b"From: Ann  <ann@example.org>\r\n"
        b"Message-Id: <1@example.org>\r\n\r\nFrom: nobody\r\n"
    )

    assert keys_of(ROW, whole) == keys_of(ROW, HEADER)


@pytest.mark.parametrize("ending", [b"\n", b"\r\r\n"])
def test_line_endings_are_no_part_of_an_identity(ending: bytes) -> None:
    """Courier hands over what was stored with CR CR LF; no field behind the first may get lost."""
    assert keys_of(ROW, HEADER.replace(b"\r\n", ending)) == keys_of(ROW, HEADER)


@pytest.mark.parametrize(
    ("row", "header"),
    [
        (replace(ROW, size=301), HEADER),
        (replace(ROW, internal_date="14-Nov-2023 22:14:01 +0000"), HEADER),
        (ROW, HEADER.replace(b"Hello", b"Hallo")),
        (ROW, HEADER.replace(b"Ann", b"Eve")),
        (ROW, HEADER.replace(b"22:00", b"22:01")),
    ],
)
def test_m6_a_message_id_alone_is_no_identity(row: Fetch, header: bytes) -> None:
    """Two messages of one Message-ID differ in size, date, sender or subject."""
    assert set(keys_of(row, header)).isdisjoint(keys_of(ROW, HEADER))


def test_s16_the_servers_own_name_comes_first() -> None:
    """EMAILID or X-GM-MSGID make a key of their own, whatever the header says."""
    named = replace(ROW, email_id="M123")
    gmail = replace(ROW, gm_message_id=1278455344230334865)

    assert keys_of(named, HEADER)[0] == keys_of(named, b"")[0]
    assert keys_of(gmail, HEADER)[0] == keys_of(gmail, b"")[0]
    assert keys_of(named, HEADER)[0] != keys_of(gmail, HEADER)[0]
    assert keys_of(named, HEADER)[-1] == keys_of(ROW, HEADER)[-1]


@given(header=st.binary(max_size=300))
def test_any_octets_have_an_identity(header: bytes) -> None:
    """A header may be anything; its key has one size."""
    assert [len(key) for key in keys_of(ROW, header)] == [KEY_SIZE]


@given(values=st.lists(st.binary(max_size=20), min_size=4, max_size=4))
def test_fields_do_not_run_into_each_other(values: list[bytes]) -> None:
    """What stands in one field can not make up for another."""
    clean = [b" ".join(value.split(None)) for value in values]
    if any(b"\n" in value or b"\r" in value for value in clean):
        return
    lines = [b"%b: %b\r\n" % pair for pair in zip(FIELDS, clean, strict=True)]
    shifted = [b"%b: %b\r\n" % pair for pair in zip(FIELDS, [*clean[1:], clean[0]], strict=True)]

    same = keys_of(ROW, b"".join(lines)) == keys_of(ROW, b"".join(shifted))

    assert same == (lines == shifted)


def test_a_field_of_many_folds_is_linear_work() -> None:
    """P16: a header may be folded at each octet, and the loop waits for its key."""
    folded = b"Subject:" + b"\r\n x" * (2**20 // 4)
    began = time.process_time()

    keys_of(ROW, folded)

    # Sixteen times the most that is read of a header takes 0.1 s, and 20 s where each fold copies.
    assert time.process_time() - began < 3
