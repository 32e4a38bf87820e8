"""A letter as the bytes a mailbox holds: header, encodings and parts (RFC 5322, 2045, 2047).

Everything drawn comes from one ``Random``, so the same key gives the same bytes. It must not
know families or labels.
"""

from __future__ import annotations

import base64
import quopri
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime, formataddr
from random import Random

from tests.corpus import grammar, links
from tests.corpus.family import Layout, Letter, Shape
from tests.corpus.page import page

AUTHSERV = "mx.briefkasten.test"
"""The only server whose Authentication-Results the mailbox of the corpus may trust."""
RECIPIENT = "sam@briefkasten.test"
_LEGACY = {
    "tr": ("iso-8859-9", "windows-1254"),
    "ru": ("koi8-r", "windows-1251"),
    "pl": ("iso-8859-2", "windows-1250"),
}
_WESTERN = ("iso-8859-1", "windows-1252", "iso-8859-15")
_DAYS = timedelta(days=240)
_FIRST_DAY = datetime(2026, 2, 1, 6, tzinfo=UTC)
# A picture of one pixel: what an image attachment must hold to be one.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def post(letter: Letter, rng: Random) -> bytes:
    """Return the message."""
    charset = letter.charset or _charset(letter, rng)
    when = _FIRST_DAY + timedelta(seconds=rng.randrange(int(_DAYS.total_seconds())))
    lines = [*_trace(letter, when, rng), *_fields(letter, charset, when, rng)]
    body = _body(letter, charset, rng)
    return "\r\n".join(lines).encode() + b"\r\n" + body


def _charset(letter: Letter, rng: Random) -> str:
    """Draw a charset in which the whole letter can be written; mostly UTF-8, as mail is."""
    if rng.random() < 0.7:
        return "utf-8"
    charset = rng.choice(_LEGACY.get(letter.language, _WESTERN))
    whole = "".join([letter.name, letter.subject, letter.footer, *(b.text for b in letter.blocks)])
    try:
        whole.encode(charset)
    except UnicodeEncodeError:
        return "utf-8"
    return charset


def _trace(letter: Letter, when: datetime, rng: Random) -> list[str]:
    """Return what servers add: Return-Path, Received and Authentication-Results (RFC 8601)."""
    stamp = format_datetime(when + timedelta(seconds=rng.randrange(2, 90)))
    out = f"mta{rng.randrange(1, 40)}.{letter.return_path.rpartition('@')[2]}"
    passed = letter.dmarc == "pass"
    return [
        f"Return-Path: <{letter.return_path}>",
        f"Received: from {AUTHSERV} by lmtp.briefkasten.test with LMTP id {links.token(rng, 16)};",
        f" {stamp}",
        f"Received: from {out} ({out} [203.0.113.{rng.randrange(1, 254)}])",
        f" by {AUTHSERV} with ESMTPS id {links.token(rng, 11)} for <{RECIPIENT}>; {stamp}",
        f"Authentication-Results: {AUTHSERV};",
        f" spf={'pass' if passed else 'softfail'} smtp.mailfrom={letter.return_path};",
        f" dkim={'pass' if passed else 'none'} header.d={letter.signed_by};",
        f" dmarc={letter.dmarc} header.from={letter.address.rpartition('@')[2]}",
    ]


def _fields(letter: Letter, charset: str, when: datetime, rng: Random) -> list[str]:
    domain = letter.signed_by
    lines = []
    if letter.dmarc == "pass":
        lines += [
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s{rng.randrange(9)};",
            f" h=from:to:subject:date:message-id; bh={links.token(rng, 43)}=;",
            f" b={links.token(rng, 60)}",
            f" {links.token(rng, 60)}==",
        ]
    subject = letter.subject_field or _word(grammar.plain(letter.subject), charset, "Subject")
    lines += [
        f"Date: {format_datetime(when)}",
        f"From: {formataddr((grammar.plain(letter.name), letter.address), charset)}",
        f"To: {RECIPIENT}",
        f"Subject: {subject}",
        f"Message-ID: <{links.token(rng, 22)}@{domain}>",
        "MIME-Version: 1.0",
    ]
    if letter.bulk:
        unsubscribe = f"https://{letter.host}/u/{links.token(rng, 20)}"
        lines.append(f"List-Unsubscribe: <{unsubscribe}>")
        if rng.random() < 0.5:
            lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        if rng.random() < 0.3:
            lines.append("Precedence: bulk")
    return lines


def _word(text: str, charset: str, field: str) -> str:
    """Return a field's text, as encoded words where it is not ASCII (RFC 2047)."""
    return Header(text, None if text.isascii() else charset, header_name=field).encode(
        linesep="\r\n"
    )


def _body(letter: Letter, charset: str, rng: Random) -> bytes:
    """Return the fields of the content and the content itself."""
    parts: list[bytes] = []
    label = letter.charset_label or charset
    if letter.layout not in {Layout.HTML, Layout.IMAGE}:
        plain = letter.innocent_plain or _plain(letter)
        parts.append(_text("text/plain", plain, charset, label, rng))
    if letter.layout is not Layout.PLAIN:
        parts.append(_text("text/html", page(letter, rng), charset, label, rng))
    whole = parts[0] if len(parts) == 1 else _multipart("alternative", parts, rng)
    files = [_file(name, rng) for name in letter.attachments]
    return _multipart("mixed", [whole, *files], rng) if files else whole


def _multipart(kind: str, parts: list[bytes], rng: Random) -> bytes:
    boundary = f"=_{links.token(rng, 24)}"
    opening = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    inside = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return opening + inside + b"--" + boundary.encode() + b"--\r\n"


def _text(kind: str, text: str, charset: str, label: str, rng: Random) -> bytes:
    """Return one text part in a drawn encoding; characters the charset lacks become entities."""
    instead = "xmlcharrefreplace" if kind == "text/html" else "replace"
    data = text.encode(charset, instead)
    if rng.random() < 0.35:
        encoding, coded = "base64", base64.encodebytes(data)
    else:
        encoding, coded = "quoted-printable", quopri.encodestring(data)
    head = f'Content-Type: {kind}; charset="{label}"\r\nContent-Transfer-Encoding: {encoding}\r\n'
    return head.encode() + b"\r\n" + coded.replace(b"\n", b"\r\n")


def _file(name: str, rng: Random) -> bytes:
    """Return an attachment: a picture for ``.png``, otherwise bytes that look like a PDF."""
    picture = name.endswith(".png")
    kind = "image/png" if picture else "application/pdf"
    data = _PIXEL if picture else b"%PDF-1.4\n" + rng.randbytes(600)
    coded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    written = _word(name, "utf-8", "filename")
    head = (
        f'Content-Type: {kind}; name="{written}"\r\n'
        f'Content-Disposition: attachment; filename="{written}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + coded


def _plain(letter: Letter) -> str:
    """Return the letter as text."""
    lines: list[str] = []
    for block in letter.blocks:
        text = grammar.plain(block.text)
        if block.shape is Shape.BUTTON:
            lines.append(f"{text}: {block.target}\n")
        elif block.shape is Shape.IMAGE:
            lines.append(f"[{text}]\n")
        elif block.shape is Shape.QUOTE:
            lines.append(f"> {text}")
        elif block.shape is Shape.ROW:
            lines.append("   ".join(cell.strip() for cell in text.split("|")))
        elif block.shape is Shape.ITEM:
            lines.append(f"* {text}")
        else:
            lines.append(f"{text}\n")
    if letter.footer:
        lines.append(f"--\n{letter.footer}")
    return "\n".join(lines) + "\n"
