"""Signs what leaves us in an address or a form and comes back: HMAC-SHA256, by a key of the state.

The key is made at the first use and lies sealed among the secrets, so that all instances have the
same one and a copy of the database without the key of the installation signs nothing. What has a
signature of ours was not made up; whether it still holds is for the store to say. It must not know
what is signed.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from vedette.errors import StoreError
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Record
from vedette.secret import Secret
from vedette.service.cabinet import Cabinet, Writing
from vedette.service.caller import admin

#: The one record, and the name of the secret beside it.
_ID: Final = "signet"
_NAME: Final = "key"
_NOBODY: Final = TenantId("*")
#: Octets of the key: as many as the digest has (RFC 2104 section 3).
_OCTETS: Final = 32


class Signet:
    """Signs texts for a purpose; what is signed for one is nothing for another."""

    def __init__(
        self, cabinet: Cabinet, entropy: Callable[[int], str] = secrets.token_urlsafe
    ) -> None:
        self._cabinet = cabinet
        self._entropy = entropy
        self._key: bytes | None = None
        self._one = asyncio.Lock()

    async def sign(self, purpose: str, text: str) -> str:
        """Return the signature: 43 characters of base64url. Raises StoreError, SecretError."""
        async with self._one:
            key = self._key = self._key or await self._read()
        mark = hmac.digest(key, f"{purpose}\0{text}".encode(), sha256)
        return urlsafe_b64encode(mark).rstrip(b"=").decode()

    async def is_good(self, purpose: str, text: str, signature: str) -> bool:
        """Tell, in constant time, whether a signature is ours."""
        expected = await self.sign(purpose, text)
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogatepass"))

    async def _read(self) -> bytes:
        record = await self._cabinet.records.record(Kind.SETTING, _ID)
        if record is None:
            made = Writing(
                record=Record(kind=Kind.SETTING, id=_ID, tenant=_NOBODY, body="{}"),
                what="signet.made",
                secrets={_NAME: Secret(self._entropy(_OCTETS))},
            )
            # Where another instance was faster, its key is the one.
            await self._cabinet.write(admin("start"), [(made, 0)])
            record = await self._cabinet.records.record(Kind.SETTING, _ID)
        found = {} if record is None else await self._cabinet.opened(record)
        if _NAME not in found:
            raise StoreError("the key that signs connect links is lost: put its secret back")
        return found[_NAME].reveal().encode()
