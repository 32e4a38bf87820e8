"""The key under which guards remember messages: made once, kept in the state folder.

With it a Message-ID can be found again in the journal; without it the journal names nobody's
mail, not even to whoever has the file. The state has its fingerprint, so that instances on several
machines have the same one or do not start.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from vedette.errors import StoreError, StoreUnwritableError
from vedette.ports.fingerprint import Fingerprint, Fingerprints
from vedette.secret import Secret

#: Where it lies in the state folder.
FILE = "guard.key"

#: Octets of the key: as many as the digest that it is for (RFC 2104 section 3).
LENGTH = 32

#: Octets of the salt of a fingerprint: no two installations have the same.
SALT = 16

#: What is said with the salt, so that no other HMAC under the key is a fingerprint of it.
_PURPOSE = b"fingerprint of the key of the guards\0"


def guard_key(state: Path) -> Secret[str]:
    """Return the key, made at the first call. Raises StoreError when it can not be kept."""
    path = state / FILE
    try:
        if not path.exists():
            _made(path)
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the key of the guards at {path} can not be kept: {error}") from error
    if len(key) != 2 * LENGTH:
        raise StoreError(f"{path} is no key of ours; put back the one that the journal was made by")
    return Secret(key)


def kept_key(state: Path) -> Secret[str] | None:
    """Return the key, or None where none was made yet. Raises StoreError."""
    return guard_key(state) if (state / FILE).exists() else None


async def prove(folder: Path, store: Fingerprints) -> None:
    """Make sure that the key is the one which the state was written with; the first one is.

    Raises StoreUnwritableError where it is missing or another, and makes none then.
    """
    holds = await store.fingerprint()
    if holds is None:
        salt = secrets.token_bytes(SALT)
        holds = await store.imprint(_fingerprint(guard_key(folder), salt))
    path = folder / FILE
    if (key := kept_key(folder)) is None:
        raise StoreUnwritableError(
            f"{path} is missing, and guards know mail again by it: copy it from an instance that"
            " runs, or from a backup"
        )
    if not hmac.compare_digest(_fingerprint(key, holds.salt).digest, holds.digest):
        raise StoreUnwritableError(
            f"{path} is not the key that this state was written with: copy it from an instance"
            " that runs, or from a backup"
        )


def _fingerprint(key: Secret[str], salt: bytes) -> Fingerprint:
    digest = hmac.digest(key.reveal().encode(), _PURPOSE + salt, "sha256")
    return Fingerprint(salt=salt, digest=digest)


def _made(path: Path) -> None:
    """Write a new key; two starts at the same time agree on one."""
    draft = path.with_name(f"guard.key.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(LENGTH))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
