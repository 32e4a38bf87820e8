"""What a log line may not hold: secrets, addresses of people, control characters.

Every value of every line goes through ``Scrubber``: secrets by type and by the
shape of their key, user info of URLs, mail addresses (hashed unless asked), and
everything that is not printable, so that a server's words can neither forge a
line nor drive a terminal. It is linear in the size of the value, and it cuts
what is long. It must not know where lines go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping
from hashlib import blake2b
from itertools import islice
from typing import Any

from vedette.secret import Secret

#: A value is cut here. The longest honest one is a server's reply line; 4 KiB of it tell enough.
MAX_VALUE = 4096
#: Deeper nesting is shown by its type: a log line is flat, and this ends any cycle.
MAX_DEPTH = 4
#: Items of one list or mapping that are shown.
MAX_ITEMS = 50

HIDDEN = "***"

#: A key that contains one of these holds a secret, whatever its value.
_SECRET_KEYS = (
    "password", "passwd", "passphrase", "secret", "token", "authorization", "api_key", "apikey",
    "private_key", "credential", "cookie", "signature", "sasl",
)  # fmt: skip
#: A key with one of these names holds a login, which is an address at most providers
#: and names a person at the others.
_ADDRESS_KEYS = frozenset({"email", "login", "recipient", "sender", "user", "username"})
#: What ends an address or a URL's authority inside a sentence. All of RFC 5322 ``atext`` may stay.
_EDGES = frozenset(" \t\r\n<>()[]{},;:\"'\\|")
_AUTHORITY_ENDS = frozenset(" \t\r\n/?#<>\"'\\")
#: RFC 5321 section 4.5.3.1: a local part has 64 octets and a domain 255.
_MAX_SIDE = 255


def hash_address(address: str, key: bytes = b"") -> str:
    """Return a stable stand-in for an address: the same for the same key, not reversible by table.

    Case does not count. ``key`` (0 to 64 bytes) is a secret of the installation;
    without one, whoever has a list of addresses can find the one that fits.
    """
    digest = blake2b(address.casefold().encode("utf-8", "surrogatepass"), digest_size=6, key=key)
    return f"address:{digest.hexdigest()}"


class Scrubber:
    """Cleans the fields of a log line; a structlog processor."""

    __slots__ = ("_key", "_show")

    def __init__(self, *, show_addresses: bool, key: bytes) -> None:
        self._show = show_addresses
        self._key = key

    def __call__(
        self, _logger: Any, _method: str, event_dict: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Clean every field of the line in place."""
        for key, value in event_dict.items():
            # The renderer's own fields (``_record``, ``exc_info``) are objects, not text.
            if key not in {"exc_info", "_record", "_from_structlog"}:
                event_dict[key] = self._field(key, value, 0)
        return event_dict

    def _field(self, key: str, value: Any, depth: int) -> Any:
        shape = key.casefold().replace("-", "_")
        if any(part in shape for part in _SECRET_KEYS):
            # A number or a flag beside such a word (``tokens=3``, ``token_ok=True``) tells nothing.
            return value if value is None or isinstance(value, (bool, int, float)) else HIDDEN
        if isinstance(value, str) and shape in _ADDRESS_KEYS and not self._show:
            return hash_address(value, self._key)
        return self._clean(value, depth)

    def _clean(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return self._items(value, depth)
        if isinstance(value, Secret):
            return HIDDEN
        if isinstance(value, (bytes, bytearray, memoryview)):
            value = bytes(value[: MAX_VALUE + 1]).decode("utf-8", "backslashreplace")
        return self.text(value if isinstance(value, str) else str(value))

    def _items(self, value: Collection[Any], depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return f"({type(value).__name__})"
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): self._field(str(key), item, depth + 1)
                for key, item in islice(value.items(), MAX_ITEMS)
            }
        return [self._clean(item, depth + 1) for item in islice(value, MAX_ITEMS)]

    def text(self, value: str, *, limit: int = MAX_VALUE, newlines: bool = False) -> str:
        """Return ``value`` cut, without user info, addresses hashed, unprintables escaped."""
        if len(value) > limit:
            value = f"{value[:limit]}… ({len(value)} characters)"
        if "://" in value:
            value = _without_user_info(value)
        if not self._show and "@" in value:
            value = self._hash_addresses(value)
        return value if value.isprintable() else _escape(value, newlines=newlines)

    def _hash_addresses(self, value: str) -> str:
        pieces: list[str] = []
        done = 0
        at = value.find("@")
        while at >= 0:
            start = at
            low = max(done, at - _MAX_SIDE)
            while start > low and value[start - 1] not in _EDGES:
                start -= 1
            end = at + 1
            high = min(len(value), at + 1 + _MAX_SIDE)
            while end < high and value[end] not in _EDGES and value[end] != "@":
                end += 1
            if start < at and end > at + 1:
                address = value[start:end].rstrip(".!?")
                pieces += (value[done:start], hash_address(address, self._key))
                done = start + len(address)
            at = value.find("@", max(end, at + 1))
        pieces.append(value[done:])
        return "".join(pieces)


def _without_user_info(value: str) -> str:
    """Drop what stands before the ``@`` of a URL's authority (RFC 3986 section 3.2.1)."""
    pieces: list[str] = []
    done = 0
    mark = value.find("://")
    while mark >= 0:
        start = end = mark + 3
        last_at = -1
        while end < len(value) and value[end] not in _AUTHORITY_ENDS:
            if value[end] == "@":
                last_at = end
            end += 1
        if last_at > start:
            # Gone with its "@", or the host would look like the rest of an address.
            pieces.append(value[done:start])
            done = last_at + 1
        mark = value.find("://", end)
    pieces.append(value[done:])
    return "".join(pieces)


def _escape(value: str, *, newlines: bool) -> str:
    """Write what is not printable as an escape: C0, C1, bidi marks, separators, surrogates."""
    return "".join(
        char if char.isprintable() or (newlines and char == "\n") else _name(ord(char))
        for char in value
    )


def _name(code: int) -> str:
    if code < 1 << 8:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
