"""An example as a process of its own. Must not know: what a test does with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.tree import ROOT
from tests.support.process import wait_until

#: A loaded machine starts Python and FastAPI in seconds; the rest is patience.
PATIENCE = 60.0


@contextmanager
def example(name: str, *words: str, out: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """Run an example; ``out`` gets what it prints. It ends by SIGTERM."""
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples" / name), *words],
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        assert process.poll() is None, out.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def until_listening(port: int) -> None:
    """Wait until something takes connections on a port."""

    def listens() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    wait_until(listens, within=PATIENCE, what=f"a listener on {port}")
