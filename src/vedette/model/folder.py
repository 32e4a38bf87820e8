"""A folder: an IMAP mailbox, whose identity is its name on the wire."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    r"""One folder as the server lists it.

    ``path`` is the wire name and the identity; ``name`` is decoded, for people.
    ``special_use`` is one of ``\Inbox \Junk \Sent …`` or None (RFC 6154).
    """

    path: bytes
    name: str
    delimiter: str | None = None
    special_use: str | None = None
    selectable: bool = True
