"""The key of the installation, and the data keys that it wraps.

Each tenant has a data key of its own, made at random. In the database it lies wrapped (AES-256-GCM)
by the installation's key, which is never there: it comes from a file, the environment or a command
(``identity.keysource``). A wrapping key is known by its fingerprint, an HMAC-SHA-256 (RFC 2104) of
a fixed text under it: it names the key in the database, tells a wrong key from a damaged row, and
tells nothing of the key.
It must not know where a key comes from, nor how data keys are kept.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vedette import gcm
from vedette.errors import SecretDamagedError, SecretError
from vedette.identity.envelope import KEY, NONCE, bound
from vedette.ports.records import DataKey
from vedette.secret import Secret

#: Hex digits of a fingerprint: 80 bits, more than two keys of one installation ever share.
_DIGITS: Final = 20

#: Different octets that 32 random ones have at least: fewer come by chance once in 10^31 keys, and
#: in every ``0000…`` that somebody wrote in the place of a key.
_VARIETY: Final = 10

_FINGERPRINT: Final = b"vedette wrapping key fingerprint"
_PURPOSE: Final = b"vedette data key"


class WrappingKey:
    """A key that wraps data keys; ``name`` is its fingerprint."""

    __slots__ = ("_key", "name")

    def __init__(self, key: Secret[bytes]) -> None:
        if len(key.reveal()) != KEY:
            raise SecretError(f"a wrapping key has {KEY} octets, and this has {len(key.reveal())}")
        self._key = key
        self.name = hmac.digest(key.reveal(), _FINGERPRINT, "sha256").hex()[:_DIGITS]

    def __repr__(self) -> str:
        return f"WrappingKey({self.name})"

    def wrap(self, to: DataKey, key: Secret[bytes], nonce: bytes) -> DataKey:
        """Return ``to`` with a key wrapped in it; ``nonce`` is random and of this use alone."""
        named = replace(to, wrapper=self.name)
        sealed = gcm.encrypt(self._key, nonce, key.reveal(), _bound(named))
        return replace(named, wrapped=nonce + sealed)

    def unwrap(self, key: DataKey) -> Secret[bytes]:
        """Return a data key. Raises SecretDamagedError for one that was changed or moved."""
        nonce, sealed = key.wrapped[:NONCE], key.wrapped[NONCE:]
        try:
            found = Secret(gcm.decrypt(self._key, nonce, sealed, _bound(key)))
        except (SecretDamagedError, ValueError):
            raise SecretDamagedError(
                f"{_named(key)} was changed; put it back from a backup"
            ) from None
        if len(found.reveal()) != KEY:
            raise SecretDamagedError(f"{_named(key)} has the wrong length")
        return found


class Keyring:
    """The wrapping key of the installation, and those before it that still open."""

    __slots__ = ("_known", "current")

    def __init__(self, current: WrappingKey, old: Sequence[WrappingKey] = ()) -> None:
        self.current = current
        self._known = {key.name: key for key in (*old, current)}

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._known)})"

    def knows(self, key: DataKey) -> bool:
        """Whether the key that wraps it is here."""
        return key.wrapper in self._known

    def unwrap(self, key: DataKey) -> Secret[bytes]:
        """Return a data key. Raises SecretError where the key that wraps it is not here."""
        wrapper = self._known.get(key.wrapper)
        if wrapper is None:
            raise SecretError(
                f"{_named(key)} is wrapped by the key with the fingerprint {key.wrapper}, and here"
                f" is {', '.join(self._known)}: give that key in [secrets], or in [secrets.old]"
            )
        return wrapper.unwrap(key)


def wrapping_key(text: Secret[str], source: str) -> WrappingKey:
    """Read a key from 64 hex digits, or from base64 (RFC 4648 sections 4 and 5), blanks around it.

    ``source`` says in an error where it is from. Raises SecretError.
    """
    raw = Secret(_raw(text.reveal().strip()))
    if len(raw.reveal()) != KEY:
        raise SecretError(
            f"{source} holds no key: it should be {KEY} random octets, as {2 * KEY} hex digits or in"
            " base64; `openssl rand -hex 32` makes one"
        )
    if len(set(raw.reveal())) < _VARIETY:
        raise SecretError(
            f"{source} holds a placeholder, not a key; `openssl rand -hex 32` makes one"
        )
    return WrappingKey(raw)


def _raw(text: str) -> bytes:
    """Return the octets that a text spells, none for one that spells nothing."""
    try:
        if len(text) == 2 * KEY:
            return bytes.fromhex(text)
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _bound(key: DataKey) -> bytes:
    return bound(_PURPOSE, key.wrapper, key.tenant, str(key.number))


def _named(key: DataKey) -> str:
    whose = f"tenant {key.tenant!r}" if key.tenant else "no tenant"
    return f"data key {key.number} of {whose}"
