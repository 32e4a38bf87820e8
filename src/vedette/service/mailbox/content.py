"""Octets on their way to a caller: a file without a name, read in pieces, decoded as they go.

The file is gone from its folder before the first octet leaves, so nothing of it is left whatever
happens. It must not know HTTP or IMAP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from vedette.mime.pieces import Pieces

#: Octets of a piece: some of them fill what a socket takes at once.
PIECE: Final = 64 * 1024


@dataclass(slots=True, kw_only=True, eq=False, weakref_slot=True)
class Content:
    """What is sent: the octets of ``file`` in ``span``, decoded.

    ``size`` is how many that makes, where it is known. ``filename`` is a safe name, or None.
    """

    file: BinaryIO
    span: tuple[int, int]
    encoding: str = ""
    filename: str | None = None
    content_type: str = "application/octet-stream"
    size: int | None = None

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Yield the octets, none of which waits for the disk on the loop."""
        first, end = self.span
        decoder = Pieces(self.encoding)
        at = first
        while at < end:
            data = await asyncio.to_thread(_read, self.file, at, min(PIECE, end - at))
            if not data:
                break
            at += len(data)
            if piece := decoder.feed(data):
                yield piece
        if rest := decoder.end():
            yield rest

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        self.file.close()


def held(source: bytes | Path) -> tuple[BinaryIO, int]:
    """Return octets, or a file that has no name from here on, and how many octets there are.

    Raises OSError.
    """
    if isinstance(source, bytes):
        return BytesIO(source), len(source)
    file = source.open("rb")
    try:
        size = source.stat().st_size
        source.unlink()
    except OSError:
        file.close()
        raise
    return file, size


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
