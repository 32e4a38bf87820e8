"""Folder names for people and for the wire. It must not know which folders exist.

The wire bytes are a folder's identity: they go back to the server as they came. Decoding is
for display, never fails, and what it made is never sent. Encoding is for names that a person
typed. Modified UTF-7 is RFC 3501 section 5.1.3; with UTF8=ACCEPT or IMAP4rev2 the wire is
UTF-8 (RFC 6855 section 3, RFC 9051 section 5.1).
"""

from __future__ import annotations

import binascii
import re

from vedette.errors import UsageError
from vedette.imap.lexer import display

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*+)-")
_PLAIN = re.compile(r"[\x20-\x25\x27-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_INBOX = b"INBOX"


def decode_name(wire: bytes, *, utf8: bool = False) -> str:
    """Return the name as a person reads it.

    A part that is not valid modified UTF-7 (seen at Yandex and in hand-made folders) stays
    as it is written; 8-bit octets read as UTF-8, else as Latin-1.
    """
    if utf8 or b"&" not in wire:
        return display(wire)
    parts: list[str] = []
    end = 0
    for shifted in _SHIFTED.finditer(wire):
        parts.extend((display(wire[end : shifted.start()]), _decode_shifted(shifted)))
        end = shifted.end()
    parts.append(display(wire[end:]))
    return "".join(parts)


def encode_name(name: str, *, utf8: bool = False) -> bytes:
    """Return the wire bytes of a name that a person typed.

    Raises UsageError for an empty name and for control characters, which no server keeps.
    """
    if not name or _CONTROL.search(name):
        raise UsageError(f"{name!r} can not be the name of a folder")
    try:
        if utf8:
            return name.encode()
        parts: list[bytes] = []
        position = 0
        while position < len(name):
            plain = _PLAIN.match(name, position)
            if plain:
                parts.append(plain[0].encode())
                position = plain.end()
                continue
            end = position
            while end < len(name) and not _PLAIN.match(name[end]):
                end += 1
            parts.append(_encode_shifted(name[position:end]))
            position = end
        return b"".join(parts)
    except UnicodeEncodeError:
        raise UsageError(f"{name!r} holds half of a surrogate pair") from None


def folder_key(wire: bytes) -> bytes:
    """Return what two names of the same folder share: INBOX alone ignores case.

    See RFC 9051 section 5.1.
    """
    return _INBOX if wire.upper() == _INBOX else wire


def _decode_shifted(shifted: re.Match[bytes]) -> str:
    encoded = shifted[1].replace(b",", b"/")
    if not encoded:
        return "&"
    try:
        octets = binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4))
        return octets.decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return shifted[0].decode("ascii")


def _encode_shifted(run: str) -> bytes:
    """Encode a run without plain characters; ``&`` alone is ``&-``, also within a run."""
    pieces = []
    for index, part in enumerate(run.split("&")):
        if index:
            pieces.append(b"&-")
        if part:
            encoded = binascii.b2a_base64(part.encode("utf-16-be"), newline=False)
            pieces.append(b"&" + encoded.rstrip(b"=").replace(b"/", b",") + b"-")
    return b"".join(pieces)
