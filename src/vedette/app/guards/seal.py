"""The head of the audit, sealed: what is told of it to those who keep it elsewhere.

A head is the number of the last entry, and an HMAC (RFC 2104) of its digest under the
installation's own key. Whoever has heads can show later that what they are of was written over,
and learn nothing else from them: without the key, not even a guess at an entry can be tried. It
must not know what the entries say.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Final

import structlog

from vedette.errors import StoreError, UsageError
from vedette.ports.audit import AuditEntry
from vedette.secret import Secret

_log = structlog.stdlib.get_logger(__name__)

#: Eighteen digits are more entries than a disk holds; SHA-256 in hex.
_HEAD: Final = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


def sealed(number: int, digest: bytes, key: Secret[str]) -> str:
    """Return the head of a trail whose last entry has this number and digest."""
    whole = b"head of the audit %d:%b" % (number, digest)
    return f"{number}:{hmac.digest(key.reveal().encode(), whole, 'sha256').hex()}"


def number_of(head: str) -> int:
    """Return the number of the entry that a head is of. Raises UsageError for what is no head."""
    found = _HEAD.fullmatch(head)
    if found is None:
        raise UsageError(
            f"{head!r} is no head of an audit: that is a number, a colon and 64 hex digits"
        )
    return int(found[1])


def is_head(head: str, number: int, digest: bytes, key: Secret[str]) -> bool:
    """Tell whether a head is of this entry."""
    return hmac.compare_digest(head.encode(), sealed(number, digest, key).encode())


def telling(key: Callable[[], Secret[str]]) -> Callable[[AuditEntry], None]:
    """Return what logs the head at each entry."""

    def tell(entry: AuditEntry) -> None:
        try:
            head = sealed(entry.seq, entry.digest, key())
        except StoreError as error:
            # The entry is on disk: it must not look as if it were not.
            _log.error("audit.unsealed", entry=entry.seq, error=str(error))
        else:
            _log.info("audit.entry", what=entry.what, head=head)

    return tell
