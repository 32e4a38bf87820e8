"""One secret as it is kept: AES-256-GCM (NIST SP 800-38D), and bound to the place where it lies.

::

    octet 0        the version of this form, 1
    octets 1-4     the number of the data key, in network order
    octets 5-16    the nonce: 96 random bits
    octets 17-     the ciphertext, then the tag of 128 bits

The additional data are the first five octets, and kind, tenant, id and name, each with its length
before it: who moves an envelope to another row, tenant or name, or changes a bit of it, gets an
error and never another secret. The length of a secret is not hidden.
It must not know where keys and nonces come from, nor where an envelope is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vedette import gcm
from vedette.errors import SecretDamagedError, SecretError
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, SealedValue
from vedette.secret import Secret

#: Octets of every key here: AES-256.
KEY: Final = 32
#: Octets of a nonce: what GCM takes as it is (SP 800-38D section 8.2).
NONCE: Final = 12
#: Octets of a tag: the whole of it.
TAG: Final = 16
#: The newest form; others are refused.
VERSION: Final = 1
#: Octets of a secret at most: the JSON key of a service account has 2.4 KB, a token of Microsoft
#: with many groups 8 KB.
MOST: Final = 64 * 1024
#: The highest number of a data key: four octets hold it.
HIGHEST: Final = 2**32 - 1

_NUMBER: Final = slice(1, 5)
_HEADER: Final = 5
_BODY: Final = _HEADER + NONCE

#: Says what the additional data are of, so that no other use of a key takes an envelope for its own.
_PURPOSE: Final = b"vedette secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a secret belongs: it can be opened there alone."""

    kind: Kind
    tenant: TenantId
    id: str
    name: str

    def __str__(self) -> str:
        return f"the {self.name} of {self.kind} {self.id}"


def place_of(value: SealedValue) -> Place:
    """Return the place that a kept secret claims."""
    return Place(kind=value.kind, tenant=value.tenant, id=value.id, name=value.name)


def seal(key: Secret[bytes], number: int, place: Place, secret: Secret[str], nonce: bytes) -> bytes:
    """Return the envelope of a secret, under the data key with that number.

    ``nonce`` is random and never used again with the key. Raises SecretError for a secret that is
    larger than ``MOST``.
    """
    header = bytes([VERSION]) + number.to_bytes(4, "big")
    if len(secret.reveal()) > MOST or len(_octets(secret)) > MOST:
        raise SecretError(f"{place} has more than {MOST} octets; no password or token is so long")
    return header + nonce + gcm.encrypt(key, nonce, _octets(secret), _bound(header, place))


def unseal(key: Secret[bytes], envelope: bytes, place: Place) -> Secret[str]:
    """Return the secret of an envelope. Raises SecretDamagedError: then nothing of it is known."""
    number_of(envelope, place)
    header, nonce = envelope[:_HEADER], envelope[_HEADER:_BODY]
    try:
        opened = gcm.decrypt(key, nonce, envelope[_BODY:], _bound(header, place))
        return Secret(opened.decode("utf-8", "surrogatepass"))
    except (SecretDamagedError, UnicodeDecodeError):
        # The cause is left out: that of a failed decoding holds what was decoded.
        raise SecretDamagedError(
            f"{place} was changed, or is from another place; set it anew"
        ) from None


def number_of(envelope: bytes, place: Place) -> int:
    """Return the number of the data key that opens it. Raises SecretDamagedError."""
    if not _BODY + TAG <= len(envelope) <= _BODY + TAG + MOST:
        raise SecretDamagedError(f"{place} was cut, or is no secret of ours; set it anew")
    if envelope[0] != VERSION:
        raise SecretDamagedError(
            f"{place} is kept in form {envelope[0]}, and this version reads form {VERSION}; a newer"
            " version of Vedette wrote it, or it was changed"
        )
    return int.from_bytes(envelope[_NUMBER], "big")


def bound(purpose: bytes, *parts: str) -> bytes:
    """Return additional data of parts, spelled so that no two lists of parts spell the same."""
    octets = [purpose, *(part.encode("utf-8", "surrogatepass") for part in parts)]
    return b"".join(len(each).to_bytes(4, "big") + each for each in octets)


def _bound(header: bytes, place: Place) -> bytes:
    return header + bound(_PURPOSE, place.kind, place.tenant, place.id, place.name)


def _octets(secret: Secret[str]) -> bytes:
    # A password may be any text that somebody typed, a lone surrogate of JSON included.
    return secret.reveal().encode("utf-8", "surrogatepass")
