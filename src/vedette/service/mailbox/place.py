"""What names a message: its folder on the wire, UIDVALIDITY and UID, as one opaque word.

A UID alone names nothing: a folder that was made anew gives it to another message (RFC 9051
section 2.3.1.1). It must not know servers.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from vedette.service.refusals import NotFoundError

#: Tells our ids from other text, and from those of a later form.
_MARK: Final = b"1:"
#: The highest UID and UIDVALIDITY (RFC 9051 section 9, nz-number).
UINT32: Final = 2**32 - 1
#: Octets of a folder's name on the wire: no server takes as many.
MAX_PATH: Final = 1_000
#: Characters of an id.
LONGEST: Final = 1_500
#: Digits of a number within it.
_DIGITS: Final = 10
#: What a folder's name can not hold on the wire.
_FORBIDDEN: Final = (b"\r", b"\n", b"\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePlace:
    """Where a message is. ``folder`` is the wire name."""

    folder: bytes
    uid_validity: int
    uid: int

    @property
    def id(self) -> str:
        """The word."""
        data = _MARK + b"%d:%d:" % (self.uid_validity, self.uid) + self.folder
        return urlsafe_b64encode(data).decode().rstrip("=")


def place_of(text: str) -> MessagePlace:
    """Return the place that a word is of. Raises NotFoundError for one that is of none."""
    try:
        if len(text) <= LONGEST:
            data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            found = _read(data)
            # One message has one id: other spellings of the same octets are no ids.
            if found is not None and found.id == text:
                return found
    except (UnicodeError, binascii.Error):
        pass
    raise NotFoundError("message", text)


def _read(data: bytes) -> MessagePlace | None:
    if not data.startswith(_MARK):
        return None
    validity, _, rest = data[len(_MARK) :].partition(b":")
    uid, _, folder = rest.partition(b":")
    if not folder or len(folder) > MAX_PATH or any(each in folder for each in _FORBIDDEN):
        return None
    numbers = [int(each) for each in (validity, uid) if each.isdigit() and len(each) <= _DIGITS]
    if len(numbers) != 2 or not all(1 <= each <= UINT32 for each in numbers):  # noqa: PLR2004 - both
        return None
    return MessagePlace(folder=folder, uid_validity=numbers[0], uid=numbers[1])
