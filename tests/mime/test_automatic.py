"""Automatic mail is named: absence notices, lists, newsletters, bounces, complaints."""

from __future__ import annotations

import pytest

from tests.mime.letter import letter, multipart, raw
from vedette import mime
from vedette.mime import AutomaticKind, Depth, Recipient


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("Auto-Submitted: auto-replied", "auto-reply"),
        ("Auto-Submitted: auto-replied (vacation)", "auto-reply"),
        ("Auto-Submitted: auto-generated", "bulk"),
        ("Auto-Submitted: auto-generated\nSubject: Automatic reply: Hi", "auto-reply"),
        ("Auto-Submitted: no", None),
        ("X-Autoreply: yes", "auto-reply"),
        ("Precedence: auto_reply", "auto-reply"),
        ("X-Auto-Response-Suppress: All\nSubject: Abwesenheitsnotiz: Hi", "auto-reply"),
        ("X-Auto-Response-Suppress: All", "bulk"),
        ("Precedence: bulk", "bulk"),
        ("Precedence: junk", "bulk"),
        ("Precedence: list", "list"),
        ("List-Id: <dev.lists.example.com>", "list"),
        ("List-Id: <x>\nList-Unsubscribe: <mailto:u@x>\nPrecedence: bulk", "list"),
        ("List-Unsubscribe: <https://example.com/u>", "bulk"),
        ("Subject: Out of Office: Hi", None),
        ("X-Mailer: Thunderbird", None),
    ],
)
def test_the_fields_tell_the_kind(fields: str, kind: str | None) -> None:
    """RFC 3834, RFC 2919, RFC 2369; a subject alone convicts nobody."""
    data = raw(f"From: a@example.com\n{fields}\n\nHello")

    for depth in (Depth.METADATA, Depth.TEXT):
        found = mime.read(data, depth=depth).automatic
        assert (found.kind.value if found else None) == kind


def test_the_fields_behind_the_verdict_are_told() -> None:
    """So that the user can judge it again."""
    found = mime.read(letter(fields="List-Id: Dev <dev.example.com>\n")).automatic

    assert found is not None
    assert found.fields == (("list-id", "Dev <dev.example.com>"),)


DSN = multipart(
    "\nYour message could not be delivered.",
    "Content-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; mx.example.net\nArrival-Date: Tue, 03 Feb 2026 09:15:00 +0100\n\n"
    "Final-Recipient: rfc822; joe@example.org\nOriginal-Recipient: rfc822;j@alias.example\n"
    "Action: failed\nStatus: 5.1.1 (bad address)\nRemote-MTA: dns; in.example.org\n"
    "Diagnostic-Code: smtp; 550 5.1.1\n <joe@example.org> unknown\n\n"
    "Final-Recipient: rfc822; ann@example.org\nAction: delayed\nStatus: 4.4.1\n",
    "Content-Type: message/rfc822\n\nMessage-ID: <sent@example.com>\nSubject: Offer\n\nHello",
    kind="report",
)


def test_a_bounce_tells_each_recipient_and_the_returned_message() -> None:
    """RFC 3464: who, why, for how long, and which message it was."""
    found = mime.read(DSN).automatic

    assert found is not None
    assert found.kind is AutomaticKind.BOUNCE
    assert found.recipients == (
        Recipient(
            address="joe@example.org",
            action="failed",
            status="5.1.1",
            diagnostic="550 5.1.1 <joe@example.org> unknown",
            remote_mta="in.example.org",
            original="j@alias.example",
        ),
        Recipient(address="ann@example.org", action="delayed", status="4.4.1"),
    )
    assert dict(found.fields) == {
        "reporting-mta": "mx.example.net",
        "arrival-date": "Tue, 03 Feb 2026 09:15:00 +0100",
        "returned-message-id": "<sent@example.com>",
        "returned-subject": "Offer",
    }


def test_a_bounce_may_return_headers_alone() -> None:
    """text/rfc822-headers (RFC 3462 section 2)."""
    found = mime.read(
        multipart(
            "\nNo.",
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
            "Final-Recipient: rfc822; joe@example.org\nAction: failed\nStatus: 5.0.0",
            "Content-Type: text/rfc822-headers\n\nMessage-ID: <sent@example.com>",
            kind="report",
        )
    ).automatic

    assert found is not None
    assert ("returned-message-id", "<sent@example.com>") in found.fields


EXIM = """From: Mail Delivery System <Mailer-Daemon@mx.example>
X-Failed-Recipients: joe@example.org

failed
"""
QMAIL = """Return-Path: <>
From: MAILER-DAEMON@mx.example

Hi. This is the qmail-send program at mx.example.

<joe@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below
"""


@pytest.mark.parametrize(
    ("data", "recipient"),
    [
        (
            EXIM,
            Recipient(address="joe@example.org", action="failed"),
        ),
        (
            QMAIL,
            Recipient(
                address="joe@example.org", action="failed", status="5.1.1",
                diagnostic="Sorry, no mailbox here by that name. (#5.1.1)",
            ),
        ),
    ],
    ids=["exim", "qmail"],
)  # fmt: skip
def test_a_bounce_without_a_report_is_known_by_its_server(data: str, recipient: Recipient) -> None:
    """Exim, Gmail and qmail write no RFC 3464."""
    found = mime.read(raw(data)).automatic

    assert found is not None
    assert (found.kind, found.recipients) == (AutomaticKind.BOUNCE, (recipient,))


@pytest.mark.parametrize("blank", ["\v", "\f", "\xa0"])
def test_a_blank_that_is_none_does_not_hide_that_nobody_is_answered(blank: str) -> None:
    """A return path of nobody is one, whatever a relay put behind it."""
    fields = f"From: postmaster@mx.example\nIn-Reply-To: <a@b>\nReturn-Path: <>{blank}\n\nfailed"
    found = mime.read(fields.replace("\n", "\r\n").encode("latin-1")).automatic

    assert found is not None
    assert found.kind is AutomaticKind.BOUNCE


def test_a_person_named_postmaster_may_write() -> None:
    """A sender's name alone is no bounce."""
    data = raw("From: Postmaster <postmaster@example.com>\nReturn-Path: <p@example.com>\n\nHi")

    assert mime.read(data).automatic is None


def test_a_complaint_tells_its_report() -> None:
    """RFC 5965: the type, who sent, and the message complained about."""
    found = mime.read(
        multipart(
            "\nThis is a report.",
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
            "User-Agent: SomeISP/1.0\nVersion: 1\nOriginal-Rcpt-To: <joe@example.org>",
            "Content-Type: message/rfc822\n\nMessage-ID: <sent@example.com>\n\nHello",
            kind="report",
        )
    ).automatic

    assert found is not None
    assert found.kind is AutomaticKind.COMPLAINT
    assert dict(found.fields)["feedback-type"] == "abuse"
    assert dict(found.fields)["returned-message-id"] == "<sent@example.com>"


def test_a_read_receipt_is_an_automatic_reply() -> None:
    """RFC 8098."""
    found = mime.read(
        multipart(
            "\nIt was read.",
            "Content-Type: message/disposition-notification\n\n"
            "Original-Message-ID: <sent@example.com>\nDisposition: manual-action; displayed",
            kind="report",
        )
    ).automatic

    assert found is not None
    assert found.kind is AutomaticKind.AUTO_REPLY
    assert dict(found.fields)["original-message-id"] == "<sent@example.com>"


def test_an_empty_report_is_a_bounce_without_recipients() -> None:
    """A broken report still says what it is."""
    found = mime.read(
        multipart("\nx", "Content-Type: message/delivery-status\n\n", kind="report")
    ).automatic

    assert found is not None
    assert (found.kind, found.recipients) == (AutomaticKind.BOUNCE, ())
