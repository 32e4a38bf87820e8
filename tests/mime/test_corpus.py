# ruff: noqa: RUF001 -- a dash of a real subject is a case
"""A corpus of nasty mail, each as some program really writes it, and what is told of it.

The messages in ``data`` were written for this test, after the shapes of real ones.
"""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

import pytest

from vedette import mime

DATA = Path(__file__).with_name("data")
CLEAN: tuple[str, ...] = ()

FACTS: dict[str, dict[str, object]] = {
    "outlook-winmail": {
        "from_": (mime.Address("Doe, Jane", "jane@example.net"),),
        "text.plain": "Grüße, see the attachment.\n",
        "opaque": "tnef",
        "defects": CLEAN,
    },
    "gmail-reply": {
        "subject": "Re: Bestellung – Rückfrage",
        "in_reply_to": "<4710@example.org>",
        "references": ("<4708@example.org>", "<4709@example.com>", "<4710@example.org>"),
        "text.reply": "Ja, bitte.",
        "defects": CLEAN,
    },
    "apple-mixed": {
        "text.plain": "First.\n\nSecond.",
        "text.html": "<p>First.</p>\n<p>Second.</p>",
        "attachments": (
            mime.Attachment(
                id="2.2", filename="straße.jpg", content_type="image/jpeg", size=10, inline=True
            ),
        ),
        "defects": CLEAN,
    },
    "raw-8bit-header": {
        "from_": (mime.Address("Андрей", "andrey@example.com"),),
        "subject": "Привет",
        "text.plain": "Как дела?\n",
        "date": "2026-02-03T09:15:00+03:00",
        "defects": ("header-8bit",),
    },
    "split-multibyte-subject": {
        "from_": (mime.Address("山田", "yamada@example.jp"),),
        "subject": "日本語の件名は長い",
        "text.plain": "日本語\n",
        "defects": CLEAN,
    },
    "header-injection": {
        "subject": "Hi Bcc: victim@example.org  body",
        "to": (mime.Address("Joe Bcc: x", "joe@example.org"),),
        "bcc": (),
        "text.plain": None,
        "attachments": (
            mime.Attachment(id="1", filename="evil", content_type="application/pdf", size=3),
        ),
        "defects": ("header-control",),
    },
    "no-empty-line": {
        "subject": "Broken relay",
        "text.plain": "This line is no field and starts the body.\n\nMore body.\n",
        "defects": ("header-unended",),
    },
    "junk-in-header": {
        "message_id": "<j@example.com>",
        "text.plain": "Body.\n",
        "defects": ("header-junk",),
    },
    "mbox-line": {
        "from_": (mime.Address("", "jane@example.com"),),
        "subject": "From a mailbox file",
        "text.plain": "From here on.\n",
        "defects": CLEAN,
    },
    "lf-only": {
        "text.plain": "one",
        "attachments": (
            mime.Attachment(id="2", filename="a.pdf", content_type="application/pdf", size=1),
        ),
        "defects": CLEAN,
    },
    "newsletter-preheader": {
        "from_": (mime.Address("Shop 🛒", "news@shop.example"),),
        "subject": "🎉 Sale",
        "text.plain": "Shop Sale – 50\u00a0%",
        "text.hidden": "Only today \u200c\nweather sports news",
        "automatic.kind": mime.AutomaticKind.BULK,
        "defects": CLEAN,
    },
    "exchange-dsn": {
        "automatic.kind": mime.AutomaticKind.BOUNCE,
        "automatic.recipients": (
            mime.Recipient(
                address="joe@example.org",
                action="failed",
                status="5.1.10",
                diagnostic="550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient"
                " joe@example.org not found by SMTP address lookup",
            ),
        ),
        "text.plain": "Delivery has failed to these recipients.",
        "defects": CLEAN,
    },
    "glued-base64": {"text.plain": "Hello, world", "defects": ("base64-bad",)},
    "space-before-colon": {
        "from_": (mime.Address("", "a@example.com"),),
        "subject": "Spaces",
        "message_id": "<s@example.com>",
        "text.plain": "Body.\n",
        "defects": CLEAN,
    },
}


@pytest.mark.parametrize("name", FACTS)
def test_a_message_of_the_corpus_is_told_as_a_person_reads_it(name: str) -> None:
    """Field by field."""
    message = mime.read((DATA / f"{name}.eml").read_bytes())

    told = {fact: attrgetter(fact)(message) for fact in FACTS[name]}
    assert told == FACTS[name]


def test_every_message_of_the_corpus_has_its_facts() -> None:
    """And every fact its message."""
    assert {path.stem for path in DATA.glob("*.eml")} == set(FACTS)
