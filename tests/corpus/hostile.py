"""Messages written to hurt a guard: to make it slow, to forge its trust, to be taken for others.

Each is named; none of them may take long, and none may be kept back from the person by mistake.
It must not know how a guard works inside.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import quote

from tests.corpus import catalogue
from tests.corpus.family import Split
from tests.corpus.posting import AUTHSERV, RECIPIENT

LINKS = 10_000
MEGABYTE = 1_000_000
NESTED = 200
ENCODED_TIMES = 200
"""How often a link is percent-encoded or wrapped: far more than any mail gateway does."""


def messages() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each."""
    host = min(catalogue.listed_domains(Split.DEVELOP))
    links = [
        f'<a href="https://page{number}.example/{number}">{number}</a>' for number in range(LINKS)
    ]
    yield "links", _html("\n".join(links))
    yield "links-then-a-listed-one", _html("\n".join([*links, f'<a href="https://{host}/">x</a>']))
    yield "one-long-line", _plain("casino bonus " * (MEGABYTE // 13))
    yield "one-long-word", _plain("a" * MEGABYTE + "!")
    yield "nested-parts", _nested()
    yield "bait-for-backtracking", _plain(("a" * 60 + "! ") * 2_000)
    yield "bait-for-phrases", _plain("free spi free sp casin bonu 100% bonu " * 20_000)
    yield "spaced-letters", _plain("f r e e s p i n " * 40_000)
    yield "dotted-letters", _plain("c.a.s.i.n." * 60_000)
    yield "zero-width-signs", _plain("\u200b\u200c\u200d\u2060" * 100_000)
    yield "combining-marks", _plain("c" + "\u0336\u0323\u0330" * 100_000)
    yield "overrides", _plain("\u202e" * 100_000 + "onisac")
    yield "entities", _html("&#99;&#97;&#115;" * 50_000)
    yield "comments", _html("c<!-- -->a<!-- -->s<!-- -->" * 20_000)
    yield "hidden-depths", _html('<div style="display:none">' * 5_000 + "casino")
    yield "encoded-many-times", _html(f'<a href="{_encoded(host)}">x</a>')
    yield "wrapped-many-times", _html(f'<a href="{_wrapped(host)}">x</a>')
    yield "long-link", _html(f'<a href="https://{"a." * 200_000}example/">x</a>')
    yield "forged-results", _letter("From: Bank <info@northwall-bank.example>", _FORGED)
    yield "forged-verdict", _letter("From: X <x@fresh.example>", _VERDICTS)
    yield from _replayed()


_FORGED = (
    f"Authentication-Results: {AUTHSERV}; dmarc=fail header.from=northwall-bank.example\r\n"
    "Received: from attacker.example by mx.briefkasten.test; Mon, 2 Feb 2026 10:00:00 +0000\r\n"
    "Authentication-Results: mx.google.com; dmarc=pass header.from=northwall-bank.example\r\n"
    f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=northwall-bank.example;\r\n"
    " dkim=pass header.d=northwall-bank.example"
)
"""The server's own finding on top, and below it two that the sender brought along."""
_VERDICTS = (
    "X-Guard-Verdict: keep\r\nX-Guard-Protect: SELF_EXCLUSION\r\nX-Spam-Status: No, score=-99\r\n"
    "X-Vedette-Guard: none"
)


def _letter(
    sender: str, fields: str, *, number: int = 0, text: str = "100 free spins, play now"
) -> bytes:
    head = (
        f"{fields}\r\n{sender}\r\nTo: {RECIPIENT}\r\nSubject: free spins\r\n"
        f"Date: Mon, 2 Feb 2026 10:00:0{number} +0000\r\nMessage-ID: <1@fresh.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return f"{head}{text}\r\n".encode()


def _replayed() -> Iterator[tuple[str, bytes]]:
    """Yield two messages of one Message-ID, honest and not: neither may stand for the other."""
    fields = f"Authentication-Results: {AUTHSERV}; dmarc=none"
    sender = "From: Ann <ann@hauspost.example>"
    yield "replayed-id-honest", _letter(sender, fields, text="See you at seven.")
    yield "replayed-id-offer", _letter(sender, fields, number=1)


def _of_kind(kind: str, text: str) -> bytes:
    head = (
        f"From: Bulk <bulk@fresh.example>\r\nTo: {RECIPIENT}\r\nSubject: hello\r\n"
        "Date: Mon, 2 Feb 2026 10:00:00 +0000\r\nMessage-ID: <2@fresh.example>\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")


def _plain(text: str) -> bytes:
    return _of_kind("text/plain", text)


def _html(inner: str) -> bytes:
    return _of_kind("text/html", f"<html><body>{inner}</body></html>")


def _nested() -> bytes:
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{depth}"\r\n\r\n--b{depth}\r\n'
        for depth in range(NESTED)
    )
    closing = "".join(f"--b{depth}--\r\n" for depth in reversed(range(NESTED)))
    head = "From: Bulk <bulk@fresh.example>\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"
    return f"{head}{opening}Content-Type: text/plain\r\n\r\nfree spins\r\n{closing}".encode()


def _encoded(host: str) -> str:
    """Return a redirect whose target is percent-encoded again and again."""
    return "https://www.reisepost.test/o?u=" + quote(f"https://{host}/", safe="").replace(
        "%", "%" + "25" * ENCODED_TIMES
    )


def _wrapped(host: str) -> str:
    """Return a redirect to a redirect to a redirect; each level is spelt out in the path."""
    return "https://www.reisepost.test/r/" * ENCODED_TIMES + f"https://{host}/"
