"""Which addresses may be dialled at all: the guard against requests to inside hosts.

Mail servers, proxies and webhooks are named by users; without a guard they
could name the host's own services or a cloud's metadata address (SSRF).
"""

from __future__ import annotations

from typing import Protocol

from vedette.errors import NetworkError


class ForbiddenAddress(NetworkError):  # noqa: N818 - the name says what is wrong, as StoreFull
    """The address is inside, special, or spelt to deceive; it was not dialled."""

    code = "forbidden_address"


class AddressGuard(Protocol):
    """Judges one resolved address; the caller then connects to exactly that address."""

    def check(self, address: str) -> None:
        """Raise ForbiddenAddress unless ``address``, a literal IP, may be dialled."""
