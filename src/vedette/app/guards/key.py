"""The key under which guards remember messages: made once, kept in the state folder.

With it a Message-ID can be found again in the journal; without it the journal names nobody's
mail, not even to whoever has the file.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from vedette.errors import StoreError
from vedette.secret import Secret

#: Where it lies in the state folder.
FILE = "guard.key"

#: Octets of the key: as many as the digest that it is for (RFC 2104 section 3).
LENGTH = 32


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
