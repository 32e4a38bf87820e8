"""The bounds of the core: what they default to, because others rely on it."""

from __future__ import annotations

from vedette.imap import Connection
from vedette.imap.limits import DEFAULT_LIMITS, Limits


def test_limits_are_those_that_were_promised() -> None:
    """Line 64 KiB, depth 64, 100,000 items; a first part of 64 KiB stays in one piece."""
    assert (DEFAULT_LIMITS.line, DEFAULT_LIMITS.depth, DEFAULT_LIMITS.items) == (
        65_536,
        64,
        100_000,
    )
    assert DEFAULT_LIMITS.stream_above == 65_536


def test_connections_share_the_default_limits() -> None:
    """One object serves all connections."""
    assert Connection(encrypted=True).limits is Connection(encrypted=True).limits
    assert Limits() == DEFAULT_LIMITS
