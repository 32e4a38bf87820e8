"""Frames on the pipes of a worker: four bytes of length, then as many bytes.

The length is big-endian. The asynchronous side lives in ``worker``; here is what
both sides share. It must not know processes.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

LENGTH = struct.Struct(">I")
# An answer holds two texts of at most 4 MiB, where each character may take six bytes
# as JSON, and their copies of attached messages: 64 MiB is beyond any honest one.
MOST_ANSWER = 64 * 1024 * 1024


def read(stream: BinaryIO) -> bytes | None:
    """Return the next frame, blocking; ``None`` at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def write(stream: BinaryIO, body: bytes) -> None:
    """Write one frame and flush it."""
    stream.write(LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()
