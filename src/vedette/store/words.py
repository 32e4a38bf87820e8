"""Free text of others, made fit to be stored."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Spell what a store can not hold, so that a server's odd words never stop a write.

    A lone surrogate, half of a character outside the basic plane or an undecoded
    byte, becomes ``\udc80`` in plain letters, and the NUL that no text of Postgres
    holds becomes ``\x00``. Ids are never passed through here: an id that can not be
    stored is an error.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", r"\x00")
