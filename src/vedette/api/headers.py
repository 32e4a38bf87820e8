"""The headers that every answer has, errors included, and how many octets those of a request may.

It must not know what is answered.
"""

from __future__ import annotations

from typing import Final

#: Octets of a request's head: 16 KiB hold any key and cursor of ours many times over.
MAX_HEAD: Final = 16 * 1024

#: What a page may do; the pages for people say it of themselves (``screens.py``).
POLICY: Final = b"content-security-policy"
#: Nothing else of ours is a page, and none of it is for a cache or for another site (OWASP ASVS 5.0,
#: 3.4.3 to 3.4.6 and 14.3.2). There is no CORS: a browser of another site reads nothing.
SECURITY: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (POLICY, b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
