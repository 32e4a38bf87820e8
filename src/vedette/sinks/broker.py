"""A sink with a broker behind it: one connection, one deadline, one verdict for each event.

::

    send ── linked? ──► publish ──► the broker's acknowledgement ──► Delivered
              │ no          │
              ▼             ├── the broker says no ────────────────► Refused, the link stays
            open            ├── the link failed ───────────────────► Refused, a new link next time
                            └── nothing within the timeout ────────► Refused; a link on which
                                                                     nobody was heard is dropped

Delivered is what the broker acknowledged, and nothing else: an event whose acknowledgement was
lost is sent again, with the same id. It connects when there is something to send, so that the
service starts while a broker is down, and goes on when it is back; where a table must be there, it
looks at the start, too. It knows no broker and no
library; those are in a file for each kind, which is imported by ``start``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from aiohttp.abc import AbstractResolver

from vedette.errors import SinkError
from vedette.model.delivery import Delivered, Outcome, Parcel, Refused
from vedette.ports.address import AddressGuard
from vedette.sinks.facts import Facts, facts
from vedette.sinks.library import Library
from vedette.sinks.place import Scheme, read_place
from vedette.sinks.reach import PATIENCE, Way, root
from vedette.sinks.settings import BrokerSettings
from vedette.web import trust
from vedette.web.resolver import Resolver
from vedette.web.way import explained

#: Seconds for a link to say goodbye; after that its descriptor is closed under it.
GOODBYE = 1.0


class RejectedError(Exception):
    """The broker answered, and the answer is no; the words are fit for a reason."""


class UnfitError(RejectedError):
    """What the settings name is not there, or not for us: somebody has to mend it."""


class Link(Protocol):
    """An open way to the broker."""

    @property
    def is_open(self) -> bool:
        """Whether it may be used again."""

    async def publish(self, parcel: Parcel, about: Facts) -> str:
        """Hand the event over and return a word of the broker's acknowledgement.

        Raises RejectedError, or one of the broker's ``failures`` when the link failed.
        """

    async def close(self) -> None:
        """Give it up; what is on its way is lost. Also after a failure, and more than once."""


class Broker(Protocol):
    """What is particular to a kind of broker; its file has ``broker(settings, way)``."""

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What its library raises for what is to be expected."""

    async def open(self) -> Link:
        """Open a link. Raises RejectedError or one of ``failures``."""


class BrokerSink:
    """Sends parcels to the broker of one endpoint."""

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        endpoint: str,
        library: Library,
        schemes: Mapping[str, Scheme],
        guard: AddressGuard,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Read the settings. Raises SinkError for a URL that can not work."""
        self._settings = settings
        self._endpoint = endpoint
        self._library = library
        self._place = read_place(settings.url, schemes)
        self._guard = guard
        self._resolver = resolver
        self._broker: Broker | None = None
        self._link: Link | None = None
        self._linking = asyncio.Lock()
        self._heard = 0.0
        self._goodbyes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Import the library, load the trust store. Raises SinkError for what can not work."""
        settings = self._settings
        module = await asyncio.to_thread(self._library.load, self._endpoint)
        try:
            trusted = await asyncio.to_thread(trust, settings.ca_file, verify=settings.verify)
        except OSError as error:
            raise SinkError(
                f"{self._place.name}: the CA file {settings.ca_file} can not be used: "
                f"{error.strerror or error}; give a readable PEM file"
            ) from error
        way = Way(
            place=self._place,
            guard=self._guard,
            trust=trusted,
            resolver=self._resolver or Resolver(),
        )
        self._broker = module.broker(settings, way)
        if settings.early:
            await self._look(self._broker)

    async def stop(self) -> None:
        """Close the link. Idempotent."""
        broker, self._broker = self._broker, None
        if broker is not None and self._link is not None:
            self._leave(broker, self._link)
        self._link = None
        await asyncio.gather(*self._goodbyes)

    async def send(self, parcel: Parcel) -> Outcome:
        """Publish once. Every failure is an outcome with its reason in one line."""
        broker = self._broker
        if broker is None:
            return self._refused("the sink is stopped")
        began = asyncio.get_running_loop().time()
        link: Link | None = None
        try:
            async with asyncio.timeout(self._settings.timeout):
                link = await self._linked(broker)
                detail = await link.publish(parcel, facts(parcel))
        except RejectedError as error:
            self._heard = asyncio.get_running_loop().time()
            return self._refused(str(error))
        except TimeoutError:
            self._doubt(broker, link, began)
            what = "no connection" if link is None else "no acknowledgement"
            return self._refused(f"{what} within {self._settings.timeout:g} s")
        except broker.failures as error:
            self._doubt(broker, link, began)
            unreachable = root(error)
            return self._refused(explained(unreachable or error) or type(error).__name__)
        except Exception:
            # A defect, here or in a library: the courier reports it, and nothing trusts the link.
            self._doubt(broker, link, began)
            raise
        self._heard = asyncio.get_running_loop().time()
        return Delivered(detail=self._place.line(detail))

    async def _look(self, broker: Broker) -> None:
        """Open a link before there is an event. Raises SinkError for what somebody has to mend.

        A broker that is down is nothing of that kind: it is used when it is there.
        """
        try:
            async with asyncio.timeout(min(self._settings.timeout, PATIENCE)):
                await self._linked(broker)
        except UnfitError as error:
            self._broker = None
            said = self._place.line(str(error))
            raise SinkError(f"the endpoint {self._endpoint} can not work: {said}") from error
        except (RejectedError, TimeoutError):
            return
        except broker.failures:
            return

    async def _linked(self, broker: Broker) -> Link:
        """Return the link, opened by whoever comes first."""
        async with self._linking:
            if self._link is not None and not self._link.is_open:
                self._leave(broker, self._link)
                self._link = None
            if self._link is None:
                self._link = await broker.open()
            return self._link

    def _doubt(self, broker: Broker, link: Link | None, began: float) -> None:
        """Give up a link that failed, unless others were heard on it meanwhile."""
        if link is None or link is not self._link:
            return
        if not link.is_open or self._heard <= began:
            self._link = None
            self._leave(broker, link)

    def _leave(self, broker: Broker, link: Link) -> None:
        """Close a link beside the work: it may take its time, and nobody waits for it."""
        task = asyncio.create_task(_close(broker, link), name=f"goodbye {self._place.name}")
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

    def _refused(self, words: str) -> Refused:
        return Refused(reason=self._place.line(words))


async def _close(broker: Broker, link: Link) -> None:
    try:
        async with asyncio.timeout(GOODBYE):
            await link.close()
    except broker.failures:
        # The link was dead before; its descriptor is closed all the same.
        return
