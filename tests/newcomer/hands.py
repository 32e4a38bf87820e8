"""A newcomer at the script: a mailbox to play with, and hands that do what the script asks for.

    python -m tests.newcomer.hands

shows it. It must not know what the script does.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from tests.house.tree import ROOT
from tests.support.authority import Authority
from tests.support.authorization import Authorization
from tests.support.dovecot import Dovecot
from tests.support.dovecot_config import Options
from tests.support.person import Person, to_port
from tests.support.ports import free_port

SCRIPT: Final = ROOT / "examples" / "newcomer.sh"
#: How a line begins that asks for something.
PROMPT: Final = "» "
#: Seconds for all of it: a loaded machine takes half of that.
PATIENCE: Final = 120.0
MAILBOX: Final = "office@example.org"
TABLE_MAILBOX: Final = "sales@example.org"
OAUTH_MAILBOX: Final = "mia@example.org"


class Seat:
    """Where a newcomer sits: a mail server and a provider of tokens, on this machine alone."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        """Start both; raise debian.UnavailableError if that can not be."""
        self.folder = folder
        self._port = free_port()
        self._stack = ExitStack()
        with ExitStack() as stack:
            back = f"http://127.0.0.1:{self._port}/v1/oauth/callback"
            self._provider = stack.enter_context(Authorization(back))
            options = Options(own_passwords=True, introspection=self._provider.introspection)
            self._server = stack.enter_context(Dovecot(options, authority=authority))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def lines(self) -> Iterator[str]:
        """Run the script and do what it asks for; yield what it prints, line by line."""
        for each in (MAILBOX, TABLE_MAILBOX):
            self._server.set_password(each, "red-brick")
        process = subprocess.Popen(
            ["sh", str(SCRIPT)],
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A group of its own, so that nothing of it outlives the test.
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        printed = []
        try:
            for line in _lines(process.stdout):
                printed.append(line)
                yield line
                if line.startswith(PROMPT):
                    self._do(line.removeprefix(PROMPT))
                    process.stdin.write("\n")
                    process.stdin.flush()
            if process.wait(PATIENCE) != 0:
                log = (self.folder / "log").read_text()
                raise AssertionError("\n".join([*printed, log[-4000:]]))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(PATIENCE)
            process.stdin.close()
            process.stdout.close()

    def _environment(self) -> Mapping[str, str]:
        pin, port = self._server.certificate.pin, self._server.tls_port
        kept = {name: each for name, each in os.environ.items() if not name.startswith("VEDETTE_")}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FOLDER": str(self.folder),
            "PORT": str(self._port),
            "HOOK_PORT": str(free_port()),
            "CONFIG": (
                f'[api]\nlisten = "127.0.0.1:{self._port}"\n'
                f'public_url = "http://127.0.0.1:{self._port}"\n'
            ),
            "MAILBOX": MAILBOX,
            "PASSWORD": "red-brick",
            "NEW_PASSWORD": "blue-sky-above",
            "SERVER": f'"host": "localhost", "port": {port}, "pin": "{pin}", "private": true',
            "TABLE_MAILBOX": TABLE_MAILBOX,
            "TABLE": f'host = "localhost"\nport = {port}\nprivate = true\ntls.pin = "{pin}"\n',
            "OAUTH_MAILBOX": OAUTH_MAILBOX,
            "APP": self._app(),
        }

    def _app(self) -> str:
        """Return the app that the provider knows, as members of JSON."""
        issuer = self._provider.issuer
        app = {
            "authorizeUrl": f"{issuer}/auth",
            "tokenUrl": f"{issuer}/token",
            "issuer": issuer,
            "namesIssuer": True,
            "scopes": ["openid", "email", "offline_access"],
            "extra": {"prompt": "consent"},
            "clientId": "vedette",
            "clientSecret": "the-secret-of-vedette",
            "private": True,
        }
        return json.dumps(app)[1:-1]

    def _do(self, asked: str) -> None:
        """Do what the script asks a person for."""
        words, _, what = asked.partition(": ")
        address = next(word for word in words.replace(",", "").split() if "@" in word)
        if words.startswith("send a mail"):
            letter = ("From: bert@example.net", f"To: {address}", f"Subject: {what}", "", "Hello")
            self._server.deliver(address, "\r\n".join(letter).encode())
        elif words.startswith("change the password"):
            self._server.set_password(address, what)
        elif words.endswith("open in a browser"):
            asyncio.run(self._consent(what, address))
        else:
            raise AssertionError(f"nobody knows how to: {asked}")

    async def _consent(self, url: str, address: str) -> None:
        """Open a link, log in and consent at the provider, and come back."""
        person = Person(to_port(self._port))
        page = await person.opens(url)
        assert page.onward is not None, page
        page = await person.opens(
            await asyncio.to_thread(self._provider.back, page.onward, address)
        )
        assert page.status == 200, page


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


def main() -> None:
    """Show it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Seat(folder, Authority(folder)) as seat:
            for line in seat.lines():
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
