"""A worker whose reader can be killed by a word in the message.

Run as a program in place of ``vedette.reader.child``; all else is the real worker,
its pipes and its kernel limits. It knows the words alone.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from vedette.mime import Message, read
from vedette.reader import child, frame


def reading(raw: bytes, **options: Any) -> Message:
    """Read as always, but for the words that kill."""
    if b"kill-me" in raw:
        os.kill(os.getpid(), signal.SIGKILL)
    while b"spin-for-ever" in raw:
        pass
    end = time.process_time() + 0.6
    while b"work-hard" in raw and time.process_time() < end:
        pass
    if b"wait-for-ever" in raw:
        signal.pause()
    if b"eat-memory" in raw:
        bytearray(1 << 34)
    if b"talk-nonsense" in raw:
        frame.write(sys.stdout.buffer, b"nonsense")
    if b"boast" in raw:
        sys.stdout.buffer.write(frame.LENGTH.pack(frame.MOST_ANSWER + 1))
        sys.stdout.buffer.flush()
        signal.pause()
    if b"tell-environment" in raw:
        return Message(subject=" ".join(sorted(os.environ)))
    return read(raw, **options)


if __name__ == "__main__":
    child.main(sys.argv[1:], reading)
