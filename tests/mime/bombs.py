"""Messages made to be slow to read, each at any size. They know nothing of the reader."""

from __future__ import annotations

from collections.abc import Callable

Bomb = Callable[[int], bytes]


def repeated(before: bytes, unit: bytes, after: bytes = b"") -> Bomb:
    """Return a message that repeats ``unit`` until it has about the size asked for."""
    return lambda size: before + unit * (size // len(unit)) + after


def field(name: bytes, unit: bytes, before: bytes = b"") -> Bomb:
    """Return a message with one enormous field."""
    return repeated(name + b": " + before, unit, b"\r\n\r\nHello\r\n")


def page(unit: bytes, after: bytes = b"") -> Bomb:
    """Return a message of HTML."""
    return repeated(b"Content-Type: text/html\r\n\r\n", unit, after)


def body(unit: bytes, content_type: bytes = b"text/plain") -> Bomb:
    """Return a message of this type that repeats ``unit``."""
    return repeated(b"Content-Type: " + content_type + b"\r\n\r\n", unit)


def numbered(before: bytes, unit: bytes, after: bytes = b"") -> Bomb:
    """Return a message that repeats ``unit`` with a number in it, so that none is the other."""
    return lambda size: before + b"".join(unit % n for n in range(size // (len(unit) + 2))) + after


def nested(size: int) -> bytes:
    """Return multiparts within multiparts, each with a boundary of its own."""
    unit = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
    return b"".join(unit % (n, n) for n in range(size // 60)) + b"\r\nHello\r\n"


def balanced(size: int) -> bytes:
    """Return elements that are all closed."""
    count = size // 11
    return b"Content-Type: text/html\r\n\r\n" + b"<div>" * count + b"x" + b"</div>" * count


MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"

BOMBS: dict[str, Bomb] = {
    "subject": field(b"Subject", b"a"),
    "subject-of-words": field(b"Subject", b"=?utf-8?q?a?= "),
    "subject-of-open-words": field(b"Subject", b"=?a?q?"),
    "subject-of-open-words-with-text": field(b"Subject", b"=?a?q?x"),
    "subject-of-folds": field(b"Subject", b"\r\n "),
    "to": numbered(b"To: ", b"a%d@example.com, ", b"\r\n\r\n"),
    "to-of-comments": field(b"To", b"("),
    "to-of-quotes": field(b"To", b'"\\'),
    "to-of-angles": field(b"To", b"<"),
    "to-of-routes": field(b"To", b"<@"),
    "to-of-groups": field(b"To", b"a:"),
    "to-many": repeated(b"", b"To: a@b\r\n", b"\r\n"),
    "references": field(b"References", b"<a@b>"),
    "references-open": field(b"References", b"<a"),
    "date": field(b"Date", b"a, "),
    "fields": repeated(b"", b"a:\n"),
    "parameters": field(b"Content-Type", b"a=b; ", b"text/plain; "),
    "parameters-split": numbered(b"Content-Type: text/plain; ", b"name*%d*=%%41; ", b"\r\n\r\n"),
    "parameters-quoted": field(b"Content-Type", b"\\", b'text/plain; name="'),
    "file-name": field(b"Content-Disposition", b"../", b'attachment; filename="'),
    "results": field(b"Authentication-Results", b"dkim=pass a.b=c ", b"mx.example.org; "),
    "results-of-comments": field(b"Authentication-Results", b"(", b"mx.example.org; "),
    "parts": repeated(MIXED, b"--b\r\n\r\n\r\n"),
    "parts-html": repeated(MIXED, b"--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n"),
    "alternatives": repeated(
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n",
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n",
    ),
    "hyphens": repeated(MIXED, b"--\n"),
    "near-delimiters": repeated(MIXED, b"--bb\n"),
    "multiparts-nested": nested,
    "messages-nested": repeated(b"", b"Content-Type: message/rfc822\r\n\r\n"),
    "messages-attached": repeated(
        MIXED, b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nHello\r\n"
    ),
    "comments": page(b"<!--"),
    "divisions": page(b"<div>"),
    "divisions-closed": balanced,
    "links-and-divisions": page(b"<a><div>"),
    "formats-and-paragraphs": page(b"<b><p>"),
    "attributes": numbered(b"Content-Type: text/html\r\n\r\n<p ", b"a%d=1 ", b">x"),
    "angles": page(b"<"),
    "open-tags": page(b"<a"),
    "ampersands": page(b"&"),
    "tables": page(b"<table><tr><td>"),
    "items": page(b"<li>"),
    "paragraphs": page(b"<p>a"),
    "quotes": page(b"<blockquote>x"),
    "hidden": page(b'<p style="display:none">x'),
    "styles": page(b"<style>.a{display:none}</style>"),
    "styles-open": page(b"<style>.a{"),
    "style-comments": page(b"/*", b"<style>"),
    "data": page(b'<img src="data:'),
    "clip": page(b'<p style="clip: rect(0'),
    "on-a-a-a": body(b"On a a a "),
    "on-lines": body(b"On a a a\n"),
    "attributions": body(b"On 1 a wrote:\n"),
    "colons": body(b"a:\n"),
    "from-lines": body(b"From: a\n"),
    "marks": body(b">"),
    "marked-lines": body(b">\n"),
    "rules": body(b"_" * 30 + b"\n"),
    "dividers": body(b"-- original message --\n"),
    "flowed": body(b"a \n", b"text/plain; format=flowed"),
    "utf-7": body(b"+2AA-", b"text/plain; charset=utf-7"),
    "hz": body(b"~{", b"text/plain; charset=hz"),
    "iso-2022-jp": body(b"\x1b$B", b"text/plain; charset=iso-2022-jp"),
    "base64": body(b"A=", b"text/plain\r\nContent-Transfer-Encoding: base64"),
    "uuencode": body(b"!!\n", b"text/plain\r\nContent-Transfer-Encoding: x-uuencode"),
    "calendar": repeated(
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n",
        b"BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n",
        b"END:VCALENDAR\r\n",
    ),
    "calendar-nested": body(b"BEGIN:VEVENT\r\n", b"text/calendar"),
    "report": repeated(
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\n",
        b"Final-Recipient: rfc822;a@b\r\n\r\n",
    ),
    "qmail": repeated(
        b"From: MAILER-DAEMON@x\r\nReturn-Path: <>\r\n\r\nHi. This is the\n", b"<a@b>:\n"
    ),
}
