"""A newcomer at the script: a mailbox to play with, and hands that do what the script asks for.

    python -m tests.newcomer.hands

shows it. It must not know what the script does.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from tests.house.tree import ROOT
from tests.support.authority import Authority
from tests.support.dovecot import Dovecot
from tests.support.dovecot_config import Options
from tests.support.ports import free_port

SCRIPT: Final = ROOT / "examples" / "newcomer.sh"
#: How a line begins that asks for something.
PROMPT: Final = "» "
#: Seconds for all of it: a loaded machine takes half of that.
PATIENCE: Final = 120.0
OPTIONS: Final = Options(own_passwords=True)
MAILBOX: Final = "office@example.org"
TABLE_MAILBOX: Final = "sales@example.org"


def sitting(server: Dovecot, folder: Path) -> Iterator[str]:
    """Run the script in a folder and do what it asks for; yield what it prints, line by line."""
    for each in (MAILBOX, TABLE_MAILBOX):
        server.set_password(each, "red-brick")
    process = subprocess.Popen(
        ["sh", str(SCRIPT)],
        env=_environment(server, folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A group of its own, so that nothing of it outlives the test.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        printed = []
        for line in _lines(process.stdout):
            printed.append(line)
            yield line
            if line.startswith(PROMPT):
                _do(server, line.removeprefix(PROMPT))
                process.stdin.write("\n")
                process.stdin.flush()
        if process.wait(PATIENCE) != 0:
            log = (folder / "log").read_text()
            raise AssertionError("\n".join([*printed, log[-4000:]]))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)
        process.stdin.close()
        process.stdout.close()


def _environment(server: Dovecot, folder: Path) -> Mapping[str, str]:
    pin, port = server.certificate.pin, free_port()
    kept = {name: each for name, each in os.environ.items() if not name.startswith("VEDETTE_")}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FOLDER": str(folder),
        "PORT": str(port),
        "HOOK_PORT": str(free_port()),
        "CONFIG": f'[api]\nlisten = "127.0.0.1:{port}"\n',
        "MAILBOX": MAILBOX,
        "PASSWORD": "red-brick",
        "NEW_PASSWORD": "blue-sky-above",
        "SERVER": f'"host": "localhost", "port": {server.tls_port}, "pin": "{pin}", "private": true',
        "TABLE_MAILBOX": TABLE_MAILBOX,
        "TABLE": (
            f'host = "localhost"\nport = {server.tls_port}\nprivate = true\ntls.pin = "{pin}"\n'
        ),
    }


def _lines(out: IO[str]) -> Iterator[str]:
    """Yield lines as they come, for so long at most."""
    end = time.monotonic() + PATIENCE
    buffered = ""
    while True:
        ready, _, _ = select.select([out], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise AssertionError("the script took too long")
        piece = os.read(out.fileno(), 65_536).decode()
        if not piece:
            return
        *whole, buffered = (buffered + piece).split("\n")
        yield from whole


def _do(server: Dovecot, asked: str) -> None:
    """Do what the script asks a person for."""
    words, _, what = asked.partition(": ")
    address = next(word for word in words.split() if "@" in word)
    if words.startswith("send a mail"):
        lines = ["From: Bert <bert@example.net>", f"To: {address}", f"Subject: {what}", "", "Hello"]
        server.deliver(address, "\r\n".join(lines).encode())
    elif words.startswith("change the password"):
        server.set_password(address, what)
    else:
        raise AssertionError(f"nobody knows how to: {asked}")


def main() -> None:
    """Show it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Dovecot(OPTIONS, authority=Authority(folder)) as server:
            for line in sitting(server, folder):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
