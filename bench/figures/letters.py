"""Messages as people and newsletters send them, of several sizes, for the reader of mail.

Must not know: who reads them.
"""

from __future__ import annotations

import base64

WORDS = "The quick brown fox jumps over the lazy dog while the sentry watches the road. "


def _trace(count: int) -> str:
    """Return the fields that relays add, as a mail from a large provider carries them."""
    return "".join(
        f"Received: from mx{n}.example.net (mx{n}.example.net [192.0.2.{n}])\r\n"
        f"\tby in{n}.example.com (Postfix) with ESMTPS id 4F{n:06d}\r\n"
        "\tfor <jane@example.com>; Tue, 03 Feb 2026 09:15:02 +0100 (CET)\r\n"
        for n in range(count)
    )


def head(content_type: str, *, unsubscribe: bool = False) -> str:
    """Return a header of some 3 KB, signatures included."""
    return (
        "Return-Path: <bounce+17@example.net>\r\n"
        + _trace(4)
        + "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s1;\r\n"
        f"\th=from:to:subject:date:message-id; bh={'A' * 43}=;\r\n\tb={'B' * 340}\r\n"
        "Authentication-Results: mx.example.com; dkim=pass header.d=example.net;\r\n"
        "\tspf=pass smtp.mailfrom=example.net; dmarc=pass header.from=example.net\r\n"
        "From: =?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <jurgen@example.net>\r\n"
        'To: "Doe, Jane" <jane@example.com>, Support <support@example.com>\r\n'
        "Cc: team@example.com, =?utf-8?B?QW5kcsOp?= <andre@example.com>\r\n"
        "Subject: =?utf-8?Q?Re:_Gr=C3=BC=C3=9Fe_aus_M=C3=BCnchen:?= order 4711\r\n"
        "Date: Tue, 03 Feb 2026 09:15:00 +0100\r\n"
        "Message-ID: <4711.abc@example.net>\r\n"
        "In-Reply-To: <4710.xyz@example.com>\r\n"
        "References: <4708.xyz@example.com> <4709.abc@example.net>\r\n <4710.xyz@example.com>\r\n"
        + ("List-Unsubscribe: <https://news.example.net/u/4711>\r\n" if unsubscribe else "")
        + "MIME-Version: 1.0\r\n"
        f"Content-Type: {content_type}\r\n"
    )


def _plain(size: int) -> str:
    """Return text of ``size`` characters that quotes the mail it answers."""
    own = (WORDS + "\r\n") * max(1, size * 2 // 3 // len(WORDS))
    quoted = ("> " + WORDS + "\r\n") * max(1, size // 3 // len(WORDS))
    return f"{own}\r\nOn Mon, 2 Feb 2026 at 10:00, Jane <jane@example.com> wrote:\r\n{quoted}"


def _page(size: int, *, hiding: bool) -> str:
    """Return HTML of ``size`` characters, as newsletters build it."""
    preheader = '<div style="display:none;max-height:0">Only today</div>' if hiding else ""
    cell = (
        '<table width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td align="center" style="padding:12px 24px;font-family:Arial,sans-serif;color:#333333">'
        f'<a href="https://example.net/c/4711?u=42" style="color:#0055aa">{WORDS * 3}</a>'
        "</td></tr></table>\r\n"
    )
    return f"<html><body>{preheader}{cell * max(1, size // len(cell))}</body></html>\r\n"


def small() -> bytes:
    """Return 5 KB: a reply as plain text."""
    return (head("text/plain; charset=utf-8") + "\r\n" + _plain(2500)).encode()


def middle(*, hiding: bool) -> bytes:
    """Return 50 KB: plain text and HTML."""
    return (
        head('multipart/alternative; boundary="=_1"')
        + "\r\n--=_1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + _plain(8000)
        + "\r\n--=_1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        + _page(38_000, hiding=hiding)
        + "\r\n--=_1--\r\n"
    ).encode()


def large() -> bytes:
    """Return 5 MB: the 50 KB message with an attachment."""
    inner = middle(hiding=False).decode()
    body = inner[inner.index("\r\n\r\n") + 4 :]
    data = base64.encodebytes(bytes(range(256)) * 14_000).replace(b"\n", b"\r\n").decode()
    return (
        head('multipart/mixed; boundary="=_0"')
        + '\r\n--=_0\r\nContent-Type: multipart/alternative; boundary="=_1"\r\n\r\n'
        + body
        + "\r\n--=_0\r\nContent-Type: application/pdf; name=report.pdf\r\n"
        "Content-Disposition: attachment; filename=report.pdf\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n" + data + "\r\n--=_0--\r\n"
    ).encode()
