"""Content-Transfer-Encoding, forgiving: whatever can be decoded is decoded.

It must not know what the bytes mean.
"""

from __future__ import annotations

import binascii
import re

from vedette.mime.defects import Defect

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOREIGN = bytes(sorted(set(range(256)) - set(_ALPHABET)))
_FOREIGN_BUT_PAD = bytes(sorted(set(_FOREIGN) - {ord("=")}))
# Padding and line ends of a text that is shorter than one line.
_SLACK = 128
_SPACE = b" \t\r\n"
_QUANTUM = 4  # characters of base64 that make three bytes
# A line of uuencode holds at most 45 bytes in 61 characters; longer is no uuencode.
_UU_LINE = 200
_PLAIN = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "unencoded"})
_UU = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})
# As nearly all senders write them.
_USUAL = frozenset({"7bit", "8bit", "base64", "quoted-printable"})
_NAMES = re.compile(r"[a-z0-9-]+")


def name(value: str) -> str:
    """Return the encoding's name in lower case, without comments or quotes around it."""
    if value in _USUAL:
        return value
    match = _NAMES.search(value.lower())
    return match[0] if match else ""


def decode(data: bytes, encoding: str, defects: set[Defect]) -> bytes:
    """Return the bytes behind ``data``; for an unknown encoding the data as it is."""
    if encoding in _PLAIN:
        return data
    if encoding == "base64":
        return base64(data, defects)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in _UU:
        return _uu(data)
    defects.add(Defect.ENCODING_UNKNOWN)
    return data


def room(most: int) -> int:
    """Return how many encoded bytes hold ``most`` decoded ones, whatever the encoding.

    Three encoded characters per byte is the most that an encoding uses; line ends
    and soft breaks add less than a third.
    """
    return most * 4 + _SLACK


def decode_head(data: bytes, encoding: str, most: int, defects: set[Defect]) -> tuple[bytes, bool]:
    """Return at most ``most`` decoded bytes of ``data``, and whether more were there.

    Only as much is decoded as is needed: a text cut at 64 KiB does not pay for 50 MB.
    """
    enough = room(most)
    head = data[:enough]
    if encoding == "base64" and len(data) > enough:
        head = head.translate(None, _FOREIGN_BUT_PAD)
        head = head[: len(head) - len(head) % _QUANTUM]
    found = decode(head, encoding, defects)
    return found[:most], len(found) > most or len(data) > enough


def decode_tail(data: bytes, encoding: str) -> bytes:
    """Return the decoded end of a body, of which ``data`` is the encoded end, from any octet on.

    What base64 begins in the middle of is found from its end, where it is whole.
    """
    if encoding == "base64":
        data = data.translate(None, _FOREIGN_BUT_PAD)
        data = data[len(data) % _QUANTUM :]
    else:
        # A broken escape or character belongs to a line that is left out.
        data = data[data.find(b"\n") + 1 :]
    return decode(data, encoding, set())


def size(data: bytes, start: int, end: int, encoding: str) -> int:
    """Return the decoded length of ``data[start:end]`` without decoding or copying it.

    Exact where the encoding is well formed.
    """
    length = end - start
    if encoding == "base64":
        count = data.count
        spaces = count(b"\n", start, end) + count(b"\r", start, end)
        tail = data[max(start, end - 8) : end].rstrip(_SPACE)
        pads = len(tail) - len(tail.rstrip(b"="))
        return max(0, (length - spaces - pads) * 3 // _QUANTUM)
    if encoding == "quoted-printable":
        soft = data.count(b"=\r\n", start, end)
        return max(0, length - 2 * data.count(b"=", start, end) - soft)
    return length


def base64(data: bytes, defects: set[Defect]) -> bytes:
    """Decode base64 past foreign characters, missing padding and glued pieces."""
    body = data.rstrip(b"= \t\r\n\x00")
    if b"=" not in body:
        try:
            found = binascii.a2b_base64(body + b"==" if len(body) != len(data) else data)
        except binascii.Error:
            defects.add(Defect.BASE64)
        else:
            return found
        return _padded(body.translate(None, _FOREIGN))
    defects.add(Defect.BASE64)
    pieces = body.translate(None, _FOREIGN_BUT_PAD).split(b"=")
    return b"".join(_padded(piece) for piece in pieces if piece)


def _padded(body: bytes) -> bytes:
    over = len(body) % _QUANTUM
    if over == 1:  # six bits are no byte
        body = body[:-1]
    elif over:
        body += b"=" * (_QUANTUM - over)
    return binascii.a2b_base64(body)


def _uu(data: bytes) -> bytes:
    out = []
    for line in data.splitlines():
        if line.startswith((b"begin ", b"end")) or not line or len(line) > _UU_LINE:
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Broken encoders pad a line too far; the length byte says what counts.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:count]))
            except binascii.Error:
                continue
    return b"".join(out)
