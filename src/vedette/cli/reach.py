"""How a command reaches the API: at a URL, through the socket of a service here, or by itself.

It must not know what is asked.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter

from vedette.cli.place import state_of
from vedette.client.carrier import is_served
from vedette.client.client import Client
from vedette.config import environment
from vedette.errors import UsageError
from vedette.secret import Secret

T = TypeVar("T")

#: A file that may be ``-``: standard input.
File = Annotated[Path | None, Parameter(allow_leading_hyphen=True)]

#: The socket of the API in a state folder; named here, since its module costs half a second.
SOCKET = "api.sock"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which service is asked, and how what it says is printed.

    Parameters
    ----------
    server
        The URL of a service, such as https://mail.example.org; else VEDETTE_SERVER. Its key comes
        from VEDETTE_KEY, --key-file or a prompt. Without it the service of this machine is asked,
        or, where none runs, the state itself.
    key_file
        A file with the API key in its first line; - is standard input.
    server_ca
        Certificates (PEM) that are trusted besides those of the system.
    in_the_clear
        Let the key cross the network unencrypted, to a URL with http://.
    config
        The configuration, for where the state is.
    state
        The state folder itself.
    json
        One JSON line for each; the default where the output is not a terminal.
    """

    server: str | None = None
    key_file: File = None
    server_ca: Path | None = None
    in_the_clear: Annotated[bool, Parameter(negative=())] = False
    config: Path | None = None
    state: Path | None = None
    json: bool | None = None

    @property
    def as_json(self) -> bool:
        """Whether it is for a program."""
        return self.json if self.json is not None else not sys.stdout.isatty()

    @property
    def is_elsewhere(self) -> bool:
        """Whether a URL is named, by an option or by the environment."""
        return self._server() is not None

    def ask(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Do something with a client, and return what came of it. Raises VedetteError."""
        return asyncio.run(self._ask(work))

    async def _ask(self, work: Callable[[Client], Awaitable[T]]) -> T:
        async with await self._client() as client:
            return await work(client)

    async def _client(self) -> Client:
        server = self._server()
        if server is not None:
            return Client.at(
                server,
                key=self._key(),
                ca_file=self.server_ca,
                in_the_clear=self.in_the_clear,
            )
        folder = state_of(self.config, self.state)
        if await is_served(folder / SOCKET):
            return Client.at_socket(folder / SOCKET)
        # It knows all of the configuration, which nobody needs who asks a service.
        alone = import_module("vedette.cli.alone")
        return Client(alone.carrier(self.config, self.state))

    def _server(self) -> str | None:
        if self.server is not None or self.config is not None or self.state is not None:
            return self.server
        return environment.variable(environment.SERVER)

    def _key(self) -> Secret[str]:
        """Return the key of a service elsewhere. Raises UsageError where there is none."""
        if self.key_file is not None:
            return secret_from(self.key_file)
        found = environment.secret(environment.KEY)
        if found is not None:
            return found
        if not sys.stdin.isatty():
            raise UsageError(f"the API key is missing: set {environment.KEY}, or give --key-file")
        return Secret(getpass.getpass("API key: "))


#: The service of this machine, in the usual form.
HERE = Reach()


def secret_from(file: Path) -> Secret[str]:
    """Return the first line of a file as a secret; ``-`` is standard input. Raises UsageError."""
    if str(file) != "-":
        return environment.secret_file(file)
    line = sys.stdin.readline(65_536).rstrip("\r\n")
    if not line:
        raise UsageError("standard input is empty; it should hold the secret in its first line")
    return Secret(line)
