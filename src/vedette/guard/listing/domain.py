"""A domain as it stands in a list: lower case, in A-labels, with a dot, and no address.

Stricter than what mail may show, for a list is data of ours: whatever is not surely a domain
is dropped and counted.
"""

from __future__ import annotations

import re

from vedette.guard import hosts

#: RFC 1035 section 2.3.4, RFC 5890 (A-labels); an underscore is met in lists and does no harm.
_DOMAIN = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.){1,126}(?:xn--[a-z0-9-]{1,58}[a-z0-9]|[a-z]{2,63})"
)
#: RFC 1035 section 3.1, without the dot of the root.
MAX_DOMAIN = 253


def domain(text: str) -> str | None:
    """Return the domain that a text names; None for an address, a single label, or no domain."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii():
        # Spelled as the hosts of mail are, so that one is found in the other.
        name = hosts.normalise(name) or ""
    if len(name) > MAX_DOMAIN or _DOMAIN.fullmatch(name) is None:
        return None
    return name
