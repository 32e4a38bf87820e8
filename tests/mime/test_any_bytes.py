"""No bytes make the reader raise, and what it tells is always fit for an event."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mime.test_automatic import DSN
from tests.mime.test_wire import RICH
from vedette import mime
from vedette.mime import Defect, Depth, Limits, Message

DATA = Path(__file__).with_name("data")
SEEDS = [RICH, DSN, *(path.read_bytes() for path in sorted(DATA.glob("*.eml")))]
TOKENS = [
    b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: ", b"Content-Type: ", b"\r\n",
    b"\n", b"\r", b"\x00", b"\xff", b"multipart/mixed; boundary=b", b"message/rfc822", b"text/html",
    b"text/plain; charset=", b"utf-7", b"utf-16", b"iso-2022-jp", b"hz", b"--b", b"--b--", b"=?",
    b"?=", b"=?utf-8?B?", b"=?utf-8?Q?", b"<", b">", b'"', b"(", b")", b",", b";", b":", b"=", b"\\",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Disposition: attachment; filename*0*=utf-8''", b"%FF", b"<p>", b"<div style=display:none>",
    b"</div>", b"<!--", b"> ", b"On 1 Jan 2026 a@b wrote:", b"-- ", b" ", b"\t", b"a", b"\xc3\xa4",
    b"message/delivery-status", b"Final-Recipient: rfc822;a@b", b"text/calendar", b"BEGIN:VEVENT",
    b"Authentication-Results: mx; spf=pass", b"format=flowed",
]  # fmt: skip


def fit(message: Message) -> None:
    """Fail unless every string of the message is fit for an event."""
    assert Defect.INTERNAL not in message.defects
    told = json.dumps({**mime.to_wire(message), "raw_header": None}, ensure_ascii=False)
    assert told.encode("utf-8")
    # A mail may spell an escape out; what stands for a NUL has no backslash before it.
    assert not re.search(r"(?<!\\)(?:\\\\)*\\u0000", told)
    for _name, value in message.headers:
        assert not set(value) & set("\r\n")
    for text in (message.subject, *(each.filename or "" for each in message.attachments)):
        assert not set(text) & set("\r\n")


@settings(max_examples=300)
@given(data=st.binary(max_size=400), depth=st.sampled_from(Depth), partial=st.booleans())
def test_any_bytes_are_read(data: bytes, depth: Depth, *, partial: bool) -> None:
    """Bytes without any sense."""
    fit(mime.read(data, depth=depth, partial=partial, trusted_authserv={"mx"}))


@settings(max_examples=600)
@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_any_words_of_mail_in_any_order_are_read(pieces: list[bytes]) -> None:
    """Bytes that look like mail."""
    fit(mime.read(b"".join(pieces), trusted_authserv={"mx"}))


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_mutations_of_real_looking_mail_are_read(seed: int) -> None:
    """Bytes lost, doubled, swapped and cut, 60 times each."""
    dice = random.Random(seed)
    for _ in range(60):
        data = bytearray(SEEDS[seed])
        for _ in range(dice.randint(1, 12)):
            at = dice.randrange(len(data) + 1)
            span = dice.randint(0, 20)
            match dice.randrange(4):
                case 0:
                    data[at : at + span] = b""
                case 1:
                    data[at:at] = dice.choice(TOKENS)
                case 2:
                    data[at:at] = data[at : at + span]
                case _:
                    data[at : at + 1] = dice.randbytes(1)
        fit(mime.read(bytes(data), trusted_authserv={"mx"}))


@given(st.lists(st.sampled_from(TOKENS), max_size=40), st.integers(0, 300))
def test_a_beginning_of_a_message_is_read(pieces: list[bytes], kept: int) -> None:
    """Whatever a partial fetch cuts."""
    data = b"".join(pieces)

    message = mime.read(data[:kept], size=len(data))

    fit(message)
    assert (Defect.PARTIAL in message.defects) == (len(data) > kept)


def test_a_view_is_read_as_the_bytes_behind_it() -> None:
    """A buffer of the network need not be copied by the caller."""
    assert mime.read(memoryview(RICH)) == mime.read(RICH)


def test_a_reader_that_fails_still_tells_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last resort: a case nobody thought of costs the body, not the event."""

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("vedette.mime.reading.content.sort", fail)

    message = mime.read(RICH)

    assert message.subject == "Hi"
    assert Defect.INTERNAL in message.defects


def test_a_reader_that_fails_on_the_header_too_still_tells_the_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The event has a pointer and the raw header, and says why it has no more."""

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("vedette.mime.reading.headers.scan", fail)

    assert mime.read(RICH) == Message(raw_header=RICH, defects=("reader-failed",))


def test_no_limit_of_one_makes_the_reader_fail() -> None:
    """A user may set any of them as low as they like."""
    least = Limits(
        depth=1, parts=1, header_bytes=1, field_bytes=1, headers=1, delimiters=1, addresses=1,
        references=1, text_bytes=1, full_text_bytes=1, html_source=1, html_nodes=1, nested=1,
        calendar_bytes=1, calendar_events=1,
    )  # fmt: skip

    for data in SEEDS:
        fit(mime.read(data, limits=least))
