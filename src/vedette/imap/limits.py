"""The bounds of the protocol core; it must not know what a caller does within them.

Every bound is checked before memory is taken for what exceeds it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may cost. All figures are octets or counts.

    ``line``: one line without its literals. 64 KiB holds a LIST or FETCH line of any
    honest server; a longer one is an attack or a desynchronised stream, and terminal.
    Only lists of UIDs (SEARCH, ESEARCH, VANISHED) may be as long as a response: a folder of
    100,000 messages fills 700 KiB with them, and a client can not ask for two lines.
    ``literal``: one literal. 128 MiB is above the size at which every large provider
    refuses mail (at most 150 MB as base64 on paper, 50 MB in practice).
    ``response``: everything kept in memory for one response, lines and literals.
    ``literals``: literals of one response, kept or streamed; each costs an object.
    ``stream_above``: a FETCH literal larger than this comes as LiteralChunk events.
    It equals the first part of a body that is asked for, which so stays in one piece.
    ``chunk``: the size of every LiteralChunk but the last.
    ``depth`` and ``items``: nesting and number of values of one response.
    ``malformed``: so many malformed responses in a row are a broken stream.
    ``pipeline``: commands under way at once; more is a bug of the caller.
    ``command``: one command line without its literals; servers take at least 8,000
    octets (RFC 2683 section 3.2.1.5).
    """

    line: int = 65_536
    literal: int = 128 * 1024 * 1024
    response: int = 1024 * 1024
    literals: int = 1_000
    stream_above: int = 65_536
    chunk: int = 65_536
    depth: int = 64
    items: int = 100_000
    malformed: int = 1_000
    pipeline: int = 64
    command: int = 8_000


DEFAULT_LIMITS = Limits()
