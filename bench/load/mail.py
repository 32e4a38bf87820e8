"""The messages: made when they are asked for, of any size, all octets a function of four numbers.

A message of 10 KB has some 2 KB of fields and a text in two forms, as mail has; a large one has
an attachment. The instant at which it was announced stands in ``X-Bench-Sent`` and in the
subject, as nanoseconds of CLOCK_MONOTONIC, so that whoever has the message knows its age.

Must not know: who asks.
"""

from __future__ import annotations

import base64
import re

#: Finds the instant in a message, a subject or an event that quotes one.
STAMP = re.compile(rb"bench-sent ([0-9]{20})")

#: Added to the instant of a message that arrived while nobody was there to be told.
UNANNOUNCED = 10**19

_SIGNATURE = "kQ3vJx8mT1rZ0yW5uB7nC4eF6gH9iL2oPaSdXcVbNmKjHgFdS"
_WORDS = "All the world is a stage, and all the men and women merely players; they have exits. "
#: The smallest message: below, only a few fields and no parts.
_SMALL = 6_000
#: Text ends here; what is above is an attachment.
_TEXT = 48_000

_FEW = (
    "From: Load <load@bench.example>\r\n"
    "To: user-%d@bench.example\r\n"
    "Subject: order %d bench-sent %020d\r\n"
    "Message-ID: <%d.%d@bench.example>\r\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n"
)
_TRACE = "".join(
    f"Received: from mx{n}.bench.example (mx{n}.bench.example [192.0.2.{n}])\r\n"
    f"\tby in{n}.bench.example (Postfix) with ESMTPS id 4F{n:06d}\r\n"
    "\tfor <user@bench.example>; Fri, 20 Nov 2026 10:00:00 +0000 (UTC)\r\n"
    for n in range(1, 5)
)
_SIGNED = (
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=bench.example; s=s1;\r\n"
    f"\th=from:to:subject:date:message-id; bh={_SIGNATURE[:43]}=;\r\n"
    f"\tb={_SIGNATURE}{_SIGNATURE}\r\n\t {_SIGNATURE}{_SIGNATURE}\r\n\t {_SIGNATURE}{_SIGNATURE}=\r\n"
    "Authentication-Results: mx.bench.example; dkim=pass header.d=bench.example;\r\n"
    "\tspf=pass smtp.mailfrom=bench.example; dmarc=pass header.from=bench.example\r\n"
    "List-Unsubscribe: <https://bench.example/unsubscribe?u=17>, <mailto:leave@bench.example>\r\n"
    "X-Mailer: bench 1.0\r\n"
    "References: <1.a@bench.example> <2.b@bench.example>\r\n\t<3.c@bench.example>\r\n"
    "In-Reply-To: <3.c@bench.example>\r\n"
)


class Mill:
    """Makes messages; what is the same for all of one size is made once."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[int, tuple[bytes, bytes]] = {}

    def message(self, mailbox: int, uid: int, sent: int, size: int) -> bytes:
        """Return the message with this UID, ``size`` octets long.

        The numbers have a fixed width where they stand, but for the first five
        digits of mailbox and UID, which come out of the filling.
        """
        head, tail = self._made.get(size) or self._make(size)
        text = head % (mailbox, uid, sent, mailbox, uid, sent)
        return (text + tail)[:size].ljust(size, b"\n")

    def header(self, message: bytes) -> bytes:
        """Return the fields of a message, with the empty line."""
        return message[: message.index(b"\r\n\r\n") + 4]

    def _make(self, size: int) -> tuple[bytes, bytes]:
        stamp = "X-Bench-Sent: bench-sent %020d\r\n"
        if size < _SMALL:
            head = _FEW + stamp + "Content-Type: text/plain; charset=utf-8\r\n\r\n"
            tail = _filled(size)
        else:
            fields = _FEW.replace("Load", "=?utf-8?Q?Ren=C3=A9e_Load?=")
            head = _TRACE + _SIGNED + fields + stamp + "MIME-Version: 1.0\r\n"
            head, tail = _parts(head, size)
        made = head.encode(), tail.encode()
        self._made[size] = made
        return made


def _filled(octets: int) -> str:
    line = _WORDS[:76] + "\r\n"
    return line * (octets // len(line) + 1)


def _parts(head: str, size: int) -> tuple[str, str]:
    # Measured with numbers of usual width; the message is cut or filled to its size at the end.
    room = size - len(head) - 300
    text = min(room, _TEXT)
    plain = _filled(text // 3)[: text // 3]
    cell = f'<td align=3D"center" style=3D"padding:12px"><p>{_WORDS[:24]}</p></td>=\r\n'
    page = (cell * (text // len(cell) + 1))[: text * 2 // 3 - 200]
    page = page[: page.rindex("\r\n") + 2]
    both = (
        "--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n" + plain + "\r\n"
        "--=_b\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + page + "\r\n--=_b--\r\n"
    )
    if room <= _TEXT:
        return head + 'Content-Type: multipart/alternative; boundary="=_b"\r\n\r\n', both
    data = base64.encodebytes(bytes(range(256)) * (max(0, room - text) // 350 + 1))
    file = data.decode().replace("\n", "\r\n")[: max(0, room - text - 300) // 78 * 78]
    return head + 'Content-Type: multipart/mixed; boundary="=_a"\r\n\r\n', (
        '--=_a\r\nContent-Type: multipart/alternative; boundary="=_b"\r\n\r\n' + both + "\r\n"
        "--=_a\r\nContent-Type: application/pdf; name=report.pdf\r\n"
        "Content-Disposition: attachment; filename=report.pdf\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n" + file + "\r\n--=_a--\r\n"
    )
