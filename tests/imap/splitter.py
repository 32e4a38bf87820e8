"""A strict reader of what a client sends, written apart from the encoder that it checks.

It follows RFC 9051 section 9 by hand, character by character, as a server would, and knows
nothing of the package under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class NotStrictError(Exception):
    """The client sent what a strict server refuses."""


@dataclass
class Line:
    """One command: its tag, its words as written, and its literals."""

    tag: bytes
    words: list[bytes] = field(default_factory=list)


ATOM_SPECIALS = set(b'(){ %*"\\]') | set(range(0x20)) | {0x7F}
# A set, a flag, a pattern and a section hold specials; they are words of their own here.
WORD = set(range(0x21, 0x7F)) - set(b'(){"')


def split_commands(stream: bytes, *, utf8: bool = False) -> list[Line]:
    """Split a client's octets into commands; literals are taken by their count."""
    commands: list[Line] = []
    at = 0
    while at < len(stream):
        command, at = _command(stream, at, utf8=utf8)
        commands.append(command)
    return commands


def _command(stream: bytes, at: int, *, utf8: bool) -> tuple[Line, int]:
    end = at
    while end < len(stream) and stream[end] not in ATOM_SPECIALS | {0x2B}:
        end += 1
    if end == at or stream[end : end + 1] != b" ":
        raise NotStrictError(f"no tag at {stream[at : at + 20]!r}")
    line = Line(tag=stream[at:end])
    at = end + 1
    depth = 0
    while True:
        if stream[at : at + 2] == b"\r\n":
            if depth:
                raise NotStrictError("a parenthesis is open at the end")
            return line, at + 2
        octet = stream[at : at + 1]
        if octet == b'"':
            word, at = _quoted(stream, at, utf8=utf8)
        elif octet == b"{":
            word, at = _literal(stream, at)
        elif octet in {b"(", b")"}:
            depth += 1 if octet == b"(" else -1
            word, at = octet, at + 1
        elif octet == b" ":
            at += 1
            continue
        else:
            word, at = _word(stream, at)
        line.words.append(word)


def _quoted(stream: bytes, at: int, *, utf8: bool) -> tuple[bytes, int]:
    word = bytearray()
    at += 1
    while True:
        octet = stream[at]
        if octet == 0x22:
            return bytes(word), at + 1
        if octet == 0x5C:
            at += 1
            octet = stream[at]
            if octet not in b'"\\':
                raise NotStrictError("what is escaped needs no escape")
        if octet in b"\r\n\0" or (octet > 0x7F and not utf8):
            raise NotStrictError(f"octet {octet} in a quoted string")
        word.append(octet)
        at += 1


def _literal(stream: bytes, at: int) -> tuple[bytes, int]:
    close = stream.index(b"}\r\n", at)
    size = int(stream[at + 1 : close].rstrip(b"+"))
    start = close + 3
    if len(stream) < start + size:
        raise NotStrictError("a literal ends too early")
    return stream[start : start + size], start + size


def _word(stream: bytes, at: int) -> tuple[bytes, int]:
    end = at
    while end < len(stream) and stream[end] in WORD:
        end += 1
    if end == at:
        raise NotStrictError(f"octet {stream[at]} outside of a string")
    return stream[at:end], end
