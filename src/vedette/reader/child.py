"""The worker: reads one message at a time, within limits the kernel keeps.

``python -P -m vedette.reader.child MEMORY CPU_SECONDS``; frames come in on standard
input and leave on standard output. It has no settings, no secret and no network, and
ends when its input does. It must not know who asks.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from vedette.mime import Depth, Message, read, to_wire
from vedette.reader import frame

READY = b"ready"
# Pipes and the one spool file; a reader that opens more has gone astray.
_MOST_FILES = 32

Read = Callable[..., Message]


def main(arguments: list[str], reading: Read = read) -> None:
    """Answer requests until the input ends; ``reading`` is what a test replaces."""
    memory, cpu_seconds = int(arguments[0]), float(arguments[1])
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MOST_FILES)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    frame.write(sink, READY)
    while (head := frame.read(source)) is not None:
        _grant(cpu_seconds)
        frame.write(sink, _answer(json.loads(head), source, reading))


def _limit(which: int, wanted: int) -> None:
    _soft, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(which, (wanted, hard))


def _grant(seconds: float) -> None:
    """Allow ``seconds`` more of processor time; past it the kernel sends SIGXCPU."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, math.ceil(usage.ru_utime + usage.ru_stime + seconds))


def _answer(request: dict[str, Any], source: BinaryIO, reading: Read) -> bytes:
    path = request["path"]
    if path is None:
        raw = frame.read(source)
        if raw is None:
            raise EOFError("the request ended early")
    else:
        try:
            raw = Path(path).read_bytes()
        except OSError as error:
            return json.dumps({"error": error.strerror or str(error)}).encode()
    message = reading(
        raw,
        depth=Depth(request["depth"]),
        trusted_authserv=request["trusted_authserv"],
        size=request["size"],
        shown=request["shown"],
    )
    return json.dumps({"message": to_wire(message)}).encode()


if __name__ == "__main__":
    main(sys.argv[1:])
