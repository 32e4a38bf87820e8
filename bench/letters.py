"""Messages as companies send them: 10 KB, 2 KB of header, plain text and HTML, quoted-printable.

They differ in words, addresses and ids, so that no cache sees the same one twice.
"""

from __future__ import annotations

import quopri
import random

WORDS = [
    "Grüße",
    "order",
    "invoice",
    "meeting",
    "thanks",
    "please",
    "update",
    "würde",
    "delivery",
    "project",
    "team",
    "question",
    "attached",
    "report",
    "regarding",
    "schedule",
    "Bestellung",
    "confirm",
    "status",
    "Straße",
    "customer",
    "ticket",
    "support",
    "account",
    "payment",
    "shipped",
    "received",
    "review",
    "proposal",
    "contract",
    "Übersicht",
    "forward",
]

NEWLINE = "\r\n"


def letter(number: int, *, size: int = 10_000) -> bytes:
    """Return message ``number``, about ``size`` octets long; the same number gives the same."""
    dice = random.Random(number)
    half = max(200, (size - 2_600) * 2 // 5)
    plain = _text(dice, half)
    page = _page(dice, size - 2_600 - len(_quoted(plain)))
    boundary = f"----=_Part_{number}_{dice.randrange(10**9)}"
    body = NEWLINE.join(
        (
            f"--{boundary}",
            _part("plain"),
            _quoted(plain),
            f"--{boundary}",
            _part("html"),
            _quoted(page),
            f"--{boundary}--",
            "",
        )
    )
    return (_header(dice, number, boundary) + NEWLINE + body).encode("ascii")


def _part(kind: str) -> str:
    return (
        f"Content-Type: text/{kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
    )


def _quoted(text: str) -> str:
    return quopri.encodestring(text.encode()).decode("ascii").replace("\n", NEWLINE)


def _sentence(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=dice.randint(8, 16))).capitalize() + "."


def _text(dice: random.Random, size: int) -> str:
    lines: list[str] = []
    length = 0
    while length < size * 2 // 3:
        lines.append(_sentence(dice))
        length += len(lines[-1]) + 2
    lines += ["", "On Mon, 2 Feb 2026 at 10:00, Jane Doe <jane@example.com> wrote:"]
    while length < size:
        lines.append("> " + _sentence(dice))
        length += len(lines[-1]) + 2
    return "\n".join(lines) + "\n"


def _page(dice: random.Random, size: int) -> str:
    rows: list[str] = []
    length = 120
    while length < size * 4 // 5:  # the encoding adds the rest
        rows.append(
            '<tr><td style="padding:12px 24px;font-family:Arial,sans-serif;color:#333333">'
            f'<p style="margin:0">{_sentence(dice)} {_sentence(dice)}</p>'
            f'<a href="https://shop.example.net/c/{dice.randrange(10**6)}?u=42">more</a></td></tr>'
        )
        length += len(rows[-1]) + 1
    table = "\n".join(rows)
    return (
        '<html><head><meta charset="utf-8"><style>p {margin:0}</style></head><body>\n'
        f'<table width="600" cellpadding="0">\n{table}\n</table></body></html>\n'
    )


def _received(dice: random.Random) -> str:
    return (
        f"Received: from mx{dice.randrange(99)}.example.net (mx{dice.randrange(99)}.example.net"
        f" [192.0.2.{dice.randrange(255)}])\r\n"
        "\tby mail.example.org (Postfix) with ESMTPS id "
        f"4{dice.randrange(16**9):X}\r\n"
        "\tfor <jane@example.org>; Tue,  3 Feb 2026 09:15:02 +0100 (CET)\r\n"
    )


def _header(dice: random.Random, number: int, boundary: str) -> str:
    signature = "\r\n\t ".join(f"{dice.getrandbits(360):x}"[:70] for _ in range(5))
    return (
        f"Return-Path: <bounce-{number}@mailer.example.net>\r\n"
        "Delivered-To: jane@example.org\r\n"
        + "".join(_received(dice) for _ in range(3))
        + "Authentication-Results: mx.example.org; dkim=pass header.d=example.net\r\n"
        "\theader.s=s1; spf=pass smtp.mailfrom=mailer.example.net; dmarc=pass (p=reject)\r\n"
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s1; t=1770106500;\r\n"
        "\th=From:To:Subject:Date:Message-ID:MIME-Version:Content-Type; bh="
        f"{dice.getrandbits(256):x};\r\n\tb={signature}\r\n"
        f"From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <sender{number}@example.net>\r\n"
        'To: "Doe, Jane" <jane@example.org>, Support <support@example.org>\r\n'
        "Cc: team@example.org, =?utf-8?B?QW5kcsOp?= <andre@example.org>\r\n"
        f"Reply-To: Orders <reply+{number}@example.net>\r\n"
        f"Subject: =?utf-8?Q?Re:_Gr=C3=BC=C3=9Fe_aus_M=C3=BCnchen:?= order {number}\r\n"
        "Date: Tue, 03 Feb 2026 09:15:00 +0100\r\n"
        f"Message-ID: <{number}.{dice.randrange(10**9)}@mailer.example.net>\r\n"
        f"In-Reply-To: <{number - 1}.1@example.org>\r\n"
        f"References: <{number - 2}.1@example.org>\r\n <{number - 1}.1@example.org>\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'
        "X-Mailer: Example Mailer 4.2\r\n"
        "List-Unsubscribe: <https://mailer.example.net/u/42>\r\n"
        "Precedence: bulk\r\n"
    )
