"""Letters made to hurt, each as large as its kind of attack asks for. They know no reader."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable

KIB = 1024
MIB = 1024 * KIB

HEAD = b"From: a@b.example\r\nTo: c@d.example\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def _nested() -> bytes:
    """10,000 multiparts, each in the one before."""
    unit = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
    return HEAD + b"".join(unit % (n, n) for n in range(10_000)) + b"\r\nHello\r\n"


def _tags() -> bytes:
    """5 MiB of elements in elements."""
    return HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div><b><p>" * (5 * MIB // 11)


def _recipients() -> bytes:
    """20,000 of them, in one field."""
    them = b",\r\n ".join(b'"Person %d" <p%d@example.com>' % (n, n) for n in range(20_000))
    return b"From: a@b.example\r\nTo: " + them + b"\r\nSubject: many\r\n\r\nHello\r\n"


def _charset(name: bytes, unit: bytes) -> bytes:
    size = 60 * KIB
    return (
        HEAD
        + b"Content-Type: text/plain; charset="
        + name
        + b"\r\n\r\n"
        + unit * (size // len(unit))
    )


def _encoded() -> bytes:
    """8 MiB of base64 of what was once compressed, and says so."""
    data = base64.encodebytes(zlib.compress(b"\0" * (6 * MIB), 0))
    return (
        HEAD
        + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n"
        + b"Content-Encoding: gzip\r\n\r\n"
        + data
    )


LETTERS: dict[str, Callable[[], bytes]] = {
    "100000-parts": lambda: MIXED + b"--b\r\n\r\n\r\n" * 100_000 + b"--b--\r\n",
    "7000-parts-on-the-loop": lambda: MIXED + b"--b\r\n\r\n" * 7_000 + b"--b--\r\n",
    "10000-multiparts-nested": _nested,
    "5000-messages-nested": lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
    "content-type-of-78-kib": lambda: (
        HEAD + b"Content-Type: text/plain; " + b"a=b; " * (78 * KIB // 5) + b"\r\n\r\nHello\r\n"
    ),
    "5000-fields": lambda: (
        HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(5_000)) + b"\r\nHello\r\n"
    ),
    "300000-fields": lambda: HEAD + b"X: y\r\n" * 300_000 + b"\r\nHello\r\n",
    "base64-of-8-mib": _encoded,
    "base64-glued": lambda: (
        HEAD
        + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"QQ==" * 15_000
    ),
    "uuencode-of-nothing": lambda: (
        HEAD
        + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
        + b"_\n" * 30_000
    ),
    "charset-utf-7": lambda: _charset(b"utf-7", b"+2AA-"),
    "charset-iso-2022-jp": lambda: _charset(b"iso-2022-jp", b"\x1b$B\x1b(B"),
    "charset-hz": lambda: _charset(b"hz", b"~{~}"),
    "charset-punycode": lambda: _charset(b"punycode", b"a-9"),
    "charset-idna": lambda: _charset(b"idna", b"xn--a."),
    "charset-zlib": lambda: _charset(b"zlib", zlib.compress(b"\0" * MIB)),
    "subject-of-1-mib": lambda: HEAD + b"Subject: " + b"a" * MIB + b"\r\n\r\nHello\r\n",
    "subject-of-1-mib-encoded": lambda: (
        HEAD + b"Subject: " + b"=?utf-8?q?=C3=A4?= \r\n " * (MIB // 22) + b"\r\n\r\nHello\r\n"
    ),
    "20000-recipients": _recipients,
    "html-of-5-mib": _tags,
    "one-line-of-5-mib": lambda: HEAD + b"\r\n" + b"a" * (5 * MIB),
    "line-ends-of-5-mib": lambda: HEAD + b"\r\n" + b"\r\n" * (5 * MIB // 2),
    "nul-of-60-kib": lambda: b"\0" * (60 * KIB),
}
