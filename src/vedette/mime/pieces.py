"""Content-Transfer-Encoding piece by piece: an attachment of any size through a small window.

What comes out is what ``encoding.decode`` makes of the whole. It must not know files.
"""

from __future__ import annotations

import binascii
from typing import Final

from vedette.mime import encoding as whole

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_FOREIGN: Final = bytes(sorted(set(range(256)) - set(_ALPHABET)))
#: Characters of base64 that make three bytes.
_QUANTUM: Final = 4
#: Encodings that are undone line by line.
_BY_LINES: Final = frozenset({"quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"})
#: Octets that wait for the end of their line. Lines of these encodings have 76 and 61 characters
#: (RFC 2045 section 6.7); one that is longer than this is taken as it comes.
MAX_LINE: Final = 1024 * 1024


class Pieces:
    """Decodes one body. ``feed`` takes its octets in order, ``end`` returns what is left."""

    __slots__ = ("_encoding", "_left")

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._left = b""

    def feed(self, data: bytes) -> bytes:
        """Return what the octets so far decode to, beyond what was returned before."""
        if self._encoding == "base64":
            return self._base64(data)
        if self._encoding in _BY_LINES:
            return self._lines(data)
        return data

    def end(self) -> bytes:
        """Return the rest."""
        left, self._left = self._left, b""
        return _padded(left) if self._encoding == "base64" else self._decoded(left)

    def _base64(self, data: bytes) -> bytes:
        first, *others = data.translate(None, _FOREIGN).split(b"=")
        left = self._left + first
        out: list[bytes] = []
        for other in others:
            # Padding ends a text; another one may be glued to it.
            out.append(_padded(left))
            left = other
        ready = len(left) - len(left) % _QUANTUM
        out.append(binascii.a2b_base64(left[:ready]))
        self._left = left[ready:]
        return b"".join(out)

    def _lines(self, data: bytes) -> bytes:
        end = data.rfind(b"\n") + 1
        if not end and len(self._left) + len(data) <= MAX_LINE:
            self._left += data
            return b""
        ready, self._left = self._left + data[: end or len(data)], data[end or len(data) :]
        return self._decoded(ready)

    def _decoded(self, data: bytes) -> bytes:
        return whole.decode(data, self._encoding, set())


def _padded(text: bytes) -> bytes:
    over = len(text) % _QUANTUM
    if over == 1:  # six bits are no byte
        text = text[:-1]
    elif over:
        text += b"=" * (_QUANTUM - over)
    return binascii.a2b_base64(text)
