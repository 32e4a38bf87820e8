"""Which message is which when UIDs can not tell: after a reset, a rename, a lost state.

The server's own EMAILID (RFC 8474) or X-GM-MSGID names a message for ever.
Without it a digest over what MOVE, COPY and a rebuilt index keep serves:
Message-ID, date, sender, subject, size and INTERNALDATE (catalogue S2).
A Message-ID alone never does: it is the sender's word, absent or repeated (M6).
"""

from __future__ import annotations

from hashlib import blake2b

from vedette.imap import Fetch

#: The header fields in the digest, in the order in which they are asked for.
FIELDS = (b"message-id", b"date", b"from", b"subject")

#: How a line that names one of them begins; blanks before a name were stripped.
_INITIALS = b"mMdDfFsS\r\v\f"

#: 16 bytes: a chance collision among 10**12 messages of one account is 10**-15.
KEY_SIZE = 16


def keys_of(row: Fetch, header: bytes) -> tuple[bytes, ...]:
    """Return the identity keys of a message, the strongest first.

    ``header`` is its header, whole or the fields above. A message has one key
    by digest, and one more where the server names it.
    """
    keys: list[bytes] = []
    if row.email_id:
        keys.append(_key(b"emailid", row.email_id.encode()))
    if row.gm_message_id:
        keys.append(_key(b"gmail", str(row.gm_message_id).encode()))
    fields = _fields(header)
    keys.append(
        _key(
            b"digest",
            *(fields.get(name, b"") for name in FIELDS),
            str(row.size or 0).encode(),
            (row.internal_date or "").strip().encode(),
        )
    )
    return tuple(keys)


def _key(kind: bytes, *parts: bytes) -> bytes:
    digest = blake2b(kind, digest_size=KEY_SIZE)
    for part in parts:
        # The length before each part keeps two different lists of parts apart.
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def _fields(header: bytes) -> dict[bytes, bytes]:
    """Return the first of each field above, unfolded and with runs of blanks as one."""
    # Lines are joined at the end: a field may be folded ten thousand times.
    found: dict[bytes, list[bytes]] = {}
    name = b""
    for ended in header.split(b"\n"):
        # A line may end in more than one CR; an empty line too many would hide the fields
        # behind it, and make one message of many.
        line = ended.rstrip(b"\r")
        if not line:
            break
        first = line[:1]
        if first in b" \t":
            if name:
                found[name].append(line)
            continue
        if first not in _INITIALS:
            # Most fields are none of the four.
            name = b""
            continue
        key, colon, value = line.partition(b":")
        key = key.strip().lower()
        name = key if colon and key in FIELDS and key not in found else b""
        if name:
            found[name] = [value]
    return {key: b" ".join(b" ".join(lines).split()) for key, lines in found.items()}
