"""Group 6 of the catalogue, entry by entry, and what of group 8 the reader answers for.

Must not know: how the reader is built; it sees ``mime.read`` alone.
"""

from __future__ import annotations

import json

import pytest

from tests.mime.letter import letter, multipart, raw, typed
from vedette import mime
from vedette.mime import Address, Defect, Depth, Limits


@pytest.mark.parametrize(
    "field",
    [
        "Message-ID: <[x@microsoft.com]>",
        "Content-Type: text/plain; name*",
        "To: (c):",
        'To: "',
        "To: " + "(" * 5000,
        "Content-Type: ;;;",
        "Content-Disposition: inline; filename*0*",
        "Date: Mon, 99 Foo 2026 99:99:99 +9999",
        "From: <<<>>>",
    ],
)
def test_m1_a_field_that_breaks_other_readers_costs_nothing_else(field: str) -> None:
    """What stands around the broken field is read as if it were whole."""
    message = mime.read(raw(f"Subject: Hi\n{field}\nCc: joe@example.org\n\nHello\n"))

    assert message.subject == "Hi"
    assert message.cc == (Address("", "joe@example.org"),)
    assert message.text.plain == "Hello\n"
    assert Defect.INTERNAL not in message.defects


def test_m1_the_id_that_breaks_other_readers_is_read() -> None:
    """The brackets inside are part of the id."""
    message = mime.read(raw("Message-ID: <[x@microsoft.com]>\n\n"))

    assert message.message_id == "<[x@microsoft.com]>"


@pytest.mark.parametrize("charset", ["x-unknown", "unicode", "base64", "rot13", "a\x00b", "idna"])
def test_m2_a_charset_that_is_none_is_told_and_guessed(charset: str) -> None:
    """UTF-8 is tried first; the event says that the name was no charset."""
    message = mime.read(typed(f'text/plain; charset="{charset}"', "Grüße\n"))

    assert message.text.plain == "Grüße\n"
    assert Defect.CHARSET_UNKNOWN in message.defects


def test_m2_a_charset_that_lies_loses_no_letter() -> None:
    """Bytes that are no UTF-8 are read as Windows-1252."""
    data = typed("text/plain; charset=utf-8", "X\n").replace(b"X", "Grüße €".encode("cp1252"))

    message = mime.read(data)

    assert message.text.plain == "Grüße €\n"
    assert Defect.CHARSET_WRONG in message.defects


def test_m3_a_bad_encoded_word_stays_and_the_next_is_read() -> None:
    """One word that can not be decoded costs one word."""
    message = mime.read(letter(fields="Subject: =?utf-8?B?=====?= =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n"))

    assert message.subject.endswith("Grüße")
    assert Defect.WORD in message.defects


def nested_multiparts(depth: int) -> bytes:
    opened = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth)
    )
    return raw(f"Subject: Hi\n{opened}\nHello\n")


@pytest.mark.parametrize(
    ("bomb", "defect"),
    [
        (nested_multiparts(1000), Defect.DEPTH),
        (b"Subject: Hi\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 1000, Defect.DEPTH),
        (
            b"Subject: Hi\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--b\r\n\r\n\r\n" * 100_000,
            Defect.PARTS,
        ),
    ],
    ids=["multiparts", "messages", "parts"],
)
def test_m4_a_bomb_is_opened_to_its_limit_and_told(bomb: bytes, defect: Defect) -> None:
    """The subject is there, the defect says what was not opened."""
    message = mime.read(bomb)

    assert message.subject == "Hi"
    assert defect in message.defects
    assert len(message.attachments) <= Limits().parts


def test_m5_a_header_is_read_alone_for_a_message_that_kills_its_reader() -> None:
    """After three kills the event is made of this: no body is touched."""
    message = mime.read_header(multipart("\nHello\n"))

    assert message.subject == "Hi"
    assert message.text == mime.Text()
    assert message.attachments == ()


def test_m6_a_message_without_an_id_gets_none_invented() -> None:
    """An invented id would be the same for two messages of one second."""
    message = mime.read(raw("Subject: Hi\n\nHello\n"))

    assert message.message_id is None
    assert Defect.ID_MISSING in message.defects


def test_m6_an_id_that_stands_twice_is_told() -> None:
    """The first is taken, the defect says that there was another."""
    message = mime.read(letter(fields="Message-ID: <two@example.com>\n"))

    assert message.message_id == "<one@example.com>"
    assert Defect.DUPLICATE in message.defects


def test_m7_a_date_in_the_future_is_data() -> None:
    """The reader has no clock; who orders by Date is wrong anyway."""
    message = mime.read(raw("Date: Sat, 01 Jan 2050 00:00:00 +0000\n\n"))

    assert message.date == "2050-01-01T00:00:00+00:00"
    assert Defect.DATE_BAD not in message.defects


def test_m7_a_date_that_is_none_is_kept_as_written() -> None:
    """The event tells the words of the sender and no invented moment."""
    message = mime.read(raw("Date: yesterday, I think\n\n"))

    assert (message.date, message.date_raw) == (None, "yesterday, I think")
    assert Defect.DATE_BAD in message.defects


def test_m8_nothing_that_a_database_refuses_gets_out() -> None:
    """No NUL and no lone surrogate, from raw bytes, encoded words or UTF-7."""
    data = (
        b"Subject: a\x00b =?utf-8?q?c=00d?= =?utf-7?q?+2AA-?=\r\nFrom: =?utf-7?q?+3AA-?= <a@b>\r\n"
        b"Content-Type: text/plain; charset=utf-7; name*=utf-7''+2AA-\r\n\r\na\x00b+2AA-\r\n"
    )

    told = {**mime.to_wire(mime.read(data)), "raw_header": None}
    wire = json.dumps(told, ensure_ascii=False)

    assert "\\u0000" not in wire
    assert wire.encode("utf-8")


def test_m9_the_words_of_an_attached_message_are_kept_apart() -> None:
    """A rule on text must not judge the sender by what they forward."""
    message = mime.read(
        multipart(
            "\nPlease look at this.",
            "Content-Type: message/rfc822\n\nFrom: spam@example.net\nSubject: Casino\n\nWin now",
        )
    )

    assert message.text.plain == "Please look at this."
    (inner,) = message.nested
    assert (inner.id, inner.subject, inner.text.plain) == ("2", "Casino", "Win now")
    assert inner.from_ == (Address("", "spam@example.net"),)


def test_m9_parts_without_names_have_ids_of_their_own() -> None:
    """Two attachments that look the same are two."""
    part = "Content-Type: application/pdf\n\nx"

    message = mime.read(multipart("\nHello", part, part))

    assert [(each.id, each.filename) for each in message.attachments] == [("2", None), ("3", None)]


def test_m10_no_bytes_a_bare_header_and_an_empty_body_are_three_states() -> None:
    """``None`` says that there is no body, the empty text that there is an empty one."""
    nothing = mime.read(b"")
    header = mime.read(b"Subject: Hi\r\n")
    empty = mime.read(b"Subject: Hi\r\n\r\n")

    assert (nothing.text.plain, Defect.EMPTY in nothing.defects) == (None, True)
    assert (header.text.plain, Defect.EMPTY in header.defects) == (None, False)
    assert empty.text.plain == ""


def test_m11_a_message_at_hand_in_part_is_read_as_far_as_it_goes() -> None:
    """What was cut is told; a closing delimiter that did not come is no defect."""
    whole = multipart("\nHello", "Content-Type: application/pdf\n\n" + "x" * 5000)

    message = mime.read(whole[:1000], size=len(whole))

    assert message.text.plain == "Hello"
    assert message.attachments[0].truncated
    assert Defect.PARTIAL in message.defects
    assert Defect.BOUNDARY_UNCLOSED not in message.defects


def test_m11_a_text_cut_by_the_fetch_is_told() -> None:
    """Half a character at the cut is no defect."""
    whole = typed("text/plain; charset=utf-8", "äöü" * 100)

    message = mime.read(whole[:-2], partial=True)

    assert message.text.truncated
    assert message.text.plain == ("äöü" * 100)[:-1]
    assert Defect.CHARSET_WRONG not in message.defects


@pytest.mark.parametrize(
    ("data", "seal"),
    [
        (multipart("\nsee", 'Content-Type: application/ms-tnef; name="winmail.dat"\n\nx'), "tnef"),
        (multipart("\nsee", "Content-Disposition: attachment; filename=WINMAIL.DAT\n"
                   "Content-Type: application/octet-stream\n\nx"), "tnef"),
        (typed("application/pkcs7-mime; smime-type=enveloped-data", "MIIB"), "smime"),
        (typed('multipart/encrypted; boundary="b"', "--b\n\nx\n--b--\n"), "pgp"),
        (letter("-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----\n"), "pgp"),
        (typed('multipart/signed; boundary="b"', "--b\n\nclear\n--b--\n"), None),
        (letter(), None),
    ],
)  # fmt: skip
def test_m12_sealed_content_is_named(data: bytes, seal: str | None) -> None:
    """Rules on text abstain where the text is sealed; clear-signed text is none."""
    assert mime.read(data).opaque == seal


def test_m13_a_calendar_in_an_alternative_is_told() -> None:
    """It is an event, and an attachment that can be fetched."""
    message = mime.read(
        multipart(
            "\nCome",
            "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\n"
            "BEGIN:VEVENT\nUID:7\nSUMMARY:Lunch\nDTSTART:20260203T120000Z\n"
            "END:VEVENT\nEND:VCALENDAR",
            kind="alternative",
        )
    )

    (event,) = message.calendar
    assert (event.method, event.uid, event.summary) == ("REQUEST", "7", "Lunch")
    assert event.start == "2026-02-03T12:00:00+00:00"
    assert [each.content_type for each in message.attachments] == ["text/calendar"]


def test_m14_a_boundary_that_starts_like_another_is_another() -> None:
    """``--B10`` ends no part of ``B1``."""
    message = mime.read(
        typed(
            "multipart/mixed; boundary=B1", "--B1\n\none\n--B10\nstill one\n--B1\n\ntwo\n--B1--\n"
        )
    )

    assert message.text.plain == "one\r\n--B10\r\nstill one\ntwo".replace("\r", "")


def test_m14_a_bare_cr_makes_no_field() -> None:
    """Python's reader sees a second field here; servers do not."""
    message = mime.read(b"Subject: a\rX-Evil: b\r\nFrom: a@b\r\n\r\n")

    assert [name for name, _value in message.headers] == ["Subject", "From"]
    assert message.subject == "a X-Evil: b"
    assert Defect.HEADER_CONTROL in message.defects


def test_m14_two_senders_are_both_told() -> None:
    """Readers differ in which one they show: a rule sees both, and the doubt."""
    message = mime.read(raw("From: a@example.com\nFrom: b@example.net\nSubject: 1\nSubject: 2\n\n"))

    assert message.from_ == (Address("", "a@example.com"), Address("", "b@example.net"))
    assert [value for name, value in message.headers if name == "Subject"] == ["1", "2"]
    assert {Defect.FROM_AMBIGUOUS, Defect.DUPLICATE} <= set(message.defects)


@pytest.mark.parametrize("depth", list(Depth))
def test_m15_inline_parts_are_told_without_a_look_at_the_html(depth: Depth) -> None:
    """A thousand references to a thousand parts are a thousand steps, not a million."""
    images = [f"Content-Type: image/png\nContent-ID: <i{n}@x>\n\nx" for n in range(900)]
    page = "".join(f'<img src="cid:i{n}@x">' for n in range(900))

    message = mime.read(
        multipart(f"Content-Type: text/html\n\n{page}", *images, kind="related"), depth=depth
    )

    inline = [each for each in message.attachments if each.inline]
    assert len(inline) == (0 if depth is Depth.METADATA else 900)


def test_g12_hidden_text_is_kept_apart_from_what_is_shown() -> None:
    """Hidden words earn a sender no credit, and convict nobody by themselves."""
    message = mime.read(
        typed("text/html", '<p>Win now</p><div style="display: none">weather report</div>')
    )

    assert message.text.plain == "Win now"
    assert message.text.hidden == "weather report"


def test_g12_marks_that_honest_mail_uses_are_kept() -> None:
    """A narrow no-break space, a joiner and a direction mark are no defects."""
    text = "10\u202f000 \u200d👩\u200d🚀 \u200eabc"

    message = mime.read(letter(text, fields=f"Subject: {text}\n"))

    assert message.text.plain == text
    assert message.subject == text
    assert message.defects == ()


def test_g15_a_forged_authentication_result_is_not_believed() -> None:
    """Anybody can write the field; without a trusted server nothing is told."""
    forged = letter(fields="Authentication-Results: mx.google.com; dmarc=pass\n")

    assert mime.read(forged).authentication is None
    assert mime.read(forged, trusted_authserv={"mx.example.org"}).authentication is None


def test_g15_only_the_top_most_result_of_a_trusted_server_counts() -> None:
    """What stands below the server's own Received came with the message."""
    data = raw(
        "Authentication-Results: mx.example.org; dmarc=fail header.from=example.com\n"
        "Received: from evil by mx.example.org; Tue, 03 Feb 2026 09:15:00 +0100\n"
        "Authentication-Results: mx.example.org; dmarc=pass header.from=example.com\n"
        "From: a@example.com\n\n"
    )

    found = mime.read(data, trusted_authserv={"MX.example.org"}).authentication

    assert found is not None
    assert found.dmarc == "fail"
    assert [result.result for result in found.results] == ["fail"]


@pytest.mark.parametrize(("field", "doubtful"), [("From", True), ("To", False)])
def test_g15_a_sender_with_two_addresses_is_in_doubt(field: str, *, doubtful: bool) -> None:
    """Readers differ in which one they show; a recipient in doubt convicts nobody."""
    message = mime.read(raw(f"{field}: <a@example.com> <b@example.net>\n\n"))

    assert (Defect.FROM_AMBIGUOUS in message.defects) is doubtful
    assert Defect.ADDRESS_AMBIGUOUS in message.defects


def test_g15_an_address_in_a_display_name_is_a_name() -> None:
    """The sender is who stands between the angle brackets."""
    message = mime.read(raw('From: "ceo@corp.example" <evil@example.net>\n\n'))

    assert message.from_ == (Address("ceo@corp.example", "evil@example.net"),)
