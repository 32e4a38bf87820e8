"""A client of the standard library as a context that closes it, whatever ends its block.

``imaplib.IMAP4`` as a context says LOGOUT, and leaves its socket open where that fails. Must not
know: the server.
"""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def closed(client: imaplib.IMAP4) -> Iterator[imaplib.IMAP4]:
    """Hang up without a LOGOUT at the end of the block."""
    try:
        yield client
    finally:
        with suppress(OSError):  # the server may have hung up first
            client.shutdown()
