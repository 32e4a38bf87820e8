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

from vedette.cli.place import configuration, state_of
from vedette.client.carrier import Carrier, is_served
from vedette.client.client import Client
from vedette.config import environment
from vedette.config.accounts import read_account
from vedette.config.api import read_api
from vedette.config.document import Table, load
from vedette.config.secrets import read_secrets
from vedette.config.settings import AccountSettings, Settings
from vedette.config.store import checked, read_store
from vedette.errors import ConfigError, UsageError
from vedette.secret import Secret
from vedette.telemetry.log import LogPolicy, Style, configure

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
        return Client(alone(self.config, self.state))

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


def alone(config: Path | None, state: Path | None) -> Carrier:
    """Return what carries requests to an API over the state itself.

    Raises ConfigError, and UsageError where a service runs on the state and serves no API.
    """
    # What the API logs is for a service's log; an error is told by the command.
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    carrier: Carrier = import_module("vedette.api.alone").AloneCarrier(settings_of(config, state))
    return carrier


def settings_of(config: Path | None, state: Path | None) -> Settings:
    """Return what a command has to know of the configuration to open the state. Raises ConfigError.

    Accounts of the file are shown; one whose password is not here is not.
    """
    if state is not None and config is None:
        return Settings(state=state)
    file = configuration(config)
    document = load(file)
    given = None if state is not None else environment.secret(environment.STORE)
    store = read_store(document.table("store"), given=None if given is None else checked(given))
    return Settings(
        state=state_of(config, state),
        store=None if state is not None else store,
        secrets=read_secrets(document.table("secrets"), file.parent),
        api=read_api(document.table("api"), file.parent),
        accounts=tuple(
            found
            for table in document.table("accounts").tables()
            if (found := _account(table)) is not None
        ),
    )


def _account(table: Table) -> AccountSettings | None:
    try:
        return read_account(table)
    except ConfigError as error:
        print(f"note: {error}", file=sys.stderr)
        return None
