"""The client as a whole: where the service is, and each of its resources."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

from vedette.client.accounts import Accounts
from vedette.client.audit import Audit
from vedette.client.autoconfig import Autoconfig
from vedette.client.carrier import Carrier, HttpCarrier
from vedette.client.completeness import Audits
from vedette.client.consents import Consents
from vedette.client.endpoints import Endpoints
from vedette.client.events import Events
from vedette.client.exchange import Exchange
from vedette.client.guards import Guards
from vedette.client.keys import Keys
from vedette.client.links import Links
from vedette.client.logs import Logs
from vedette.client.mailbox import Mailboxes
from vedette.client.oauth import OAuth
from vedette.client.operation import Unread
from vedette.client.probes import Probes
from vedette.client.settings import SettingsBook
from vedette.client.tenants import Tenants
from vedette.secret import Secret


class Client:
    """A service. Between ``__aenter__`` and ``__aexit__`` it keeps connections for the next request.

    It is made by ``at`` or ``at_socket``; another carrier takes requests some other way, and another
    ``sleep`` is for programs with a clock of their own.
    """

    def __init__(
        self,
        carrier: Carrier,
        *,
        key: Secret[str] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        exchange = Exchange(carrier, key, sleep=sleep)
        self._carrier = carrier
        self._exchange = exchange
        self.accounts = Accounts(exchange)
        self.audit = Audit(exchange)
        self.consents = Consents(exchange)
        self.keys = Keys(exchange)
        self.autoconfig = Autoconfig(exchange)
        self.events = Events(exchange)
        self.links = Links(exchange)
        self.logs = Logs(exchange)
        self.mailboxes = Mailboxes(exchange)
        self.oauth = OAuth(exchange)
        self.completeness = Audits(exchange)
        self.endpoints = Endpoints(exchange)
        self.guards = Guards(exchange)
        self.probes = Probes(exchange)
        self.settings = SettingsBook(exchange)
        self.tenants = Tenants(exchange)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What lists left out so far, as their service could not read it (``Page.unread``)."""
        return self._exchange.unread

    @classmethod
    def at(
        cls,
        url: str,
        *,
        key: Secret[str] | str | None = None,
        ca_file: Path | None = None,
        in_the_clear: bool = False,
    ) -> Self:
        """Return the client of the service at a URL. Raises UsageError.

        It is https, or http on this machine: elsewhere a key would cross the network in the clear,
        and ``in_the_clear`` says that it may. ``ca_file`` has certificates that are trusted besides
        those of the system.
        """
        secret = Secret(key) if isinstance(key, str) else key
        carrier = HttpCarrier.at_url(url, ca_file=ca_file, in_the_clear=in_the_clear)
        return cls(carrier, key=secret)

    @classmethod
    def at_socket(cls, path: Path) -> Self:
        """Return the client of a service on this machine, by ``api.sock`` in its state folder."""
        return cls(HttpCarrier.at_socket(path))

    async def __aenter__(self) -> Self:
        await self._carrier.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._carrier.close()
