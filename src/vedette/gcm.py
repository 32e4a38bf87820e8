"""AES-256-GCM (NIST SP 800-38D), by a library that is imported when something is sealed or opened.

A service that keeps no secret of its own needs none of it. It must not know what is sealed, nor
where keys and nonces come from.
"""

from __future__ import annotations

from vedette.errors import SecretDamagedError
from vedette.secret import Secret


def encrypt(key: Secret[bytes], nonce: bytes, octets: bytes, bound: bytes | None) -> bytes:
    """Return the ciphertext and its tag. ``nonce`` is never used again with the key.

    ``bound`` are the additional data. Raises ValueError for a key or a nonce of a wrong length.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - it takes 8 MiB and 50 ms: only who keeps secrets pays

    return AESGCM(key.reveal()).encrypt(nonce, octets, bound)


def decrypt(key: Secret[bytes], nonce: bytes, sealed: bytes, bound: bytes | None) -> bytes:
    """Return what ``encrypt`` was given.

    Raises SecretDamagedError for another key, and for what was changed or is bound to other data;
    ValueError for a key or a nonce of a wrong length.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

    try:
        return AESGCM(key.reveal()).decrypt(nonce, sealed, bound)
    except InvalidTag:
        raise SecretDamagedError("the tag does not fit") from None
