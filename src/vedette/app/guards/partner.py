"""The partner of a guard: a secret that lets a loosening happen at once, and what they are told.

The secret is kept as a digest that is slow to make (scrypt, RFC 7914), salted by the installation's
own key. It must not know what a change is.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Collection
from typing import Final

from vedette.errors import UsageError
from vedette.model.delivery import Posting
from vedette.model.event import Event
from vedette.model.ids import EndpointId
from vedette.outbox.directory import Directory
from vedette.outbox.selection import addressed
from vedette.secret import Secret

#: The cost of scrypt: 32 MiB and about a tenth of a second for each try.
COST: Final = 2**15
BLOCK: Final = 8
MEMORY: Final = 64 * 1024 * 1024

#: Wrong secrets in an hour before no more are looked at.
MAX_WRONG: Final = 5
HOUR: Final = 3_600.0


def digest_of(secret: Secret[str] | None, *, key: Secret[str], guard: str) -> str:
    """Return the digest under which a partner's secret is kept; empty for none.

    The salt is a function of the installation's key and the guard, so that the same secret in a
    file that is read again is known to be the same.
    """
    if secret is None:
        return ""
    salt = hmac.digest(key.reveal().encode(), f"partner of {guard}".encode(), "sha256")
    whole = secret.reveal().encode("utf-8", "surrogatepass")
    return hashlib.scrypt(whole, salt=salt, n=COST, r=BLOCK, p=1, maxmem=MEMORY, dklen=32).hex()


def is_same(one: str, other: str) -> bool:
    """Compare two digests in constant time; no secret at all is nobody's."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


class Attempts:
    """Counts wrong secrets. A restart forgets them, which takes longer than a try does."""

    __slots__ = ("_wrong",)

    def __init__(self) -> None:
        self._wrong: deque[float] = deque(maxlen=MAX_WRONG)

    def admit(self, now: float) -> None:
        """Raise UsageError where too many were wrong; ``now`` is a monotonic clock's."""
        while self._wrong and self._wrong[0] <= now - HOUR:
            self._wrong.popleft()
        if len(self._wrong) >= MAX_WRONG:
            raise UsageError("too many wrong secrets; try again in an hour")

    def failed(self, now: float) -> None:
        """Note a wrong one."""
        self._wrong.append(now)

    def passed(self) -> None:
        """Forget the last one: it was right."""
        if self._wrong:
            self._wrong.pop()


def postings(
    event: Event,
    endpoints: Directory,
    *,
    partner: EndpointId | None,
    partners: Collection[EndpointId],
) -> Posting:
    """Address an event about a guard: to whoever takes it, and to no other guard's partner."""
    near = endpoints.near(event.tenant, event.account, () if partner is None else (partner,))
    own = Directory(each for each in near if each.id not in partners or each.id == partner)
    return addressed(event, own, also=() if partner is None else (partner,))
