"""Redis Streams: an entry of a stream for each event, taken when Redis says its id.

``XADD stream [MAXLEN ~ n] * event_id … type … tenant … account … body …``, over a small pool of
connections. The fields are plain, so that a consumer routes and leaves out repeats without
parsing the body. A repeat is an entry of its own with the same ``event_id``. The client's own
repetitions are off: whether to try again is the courier's to decide.
"""

from __future__ import annotations

from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from vedette.errors import SinkError
from vedette.model.delivery import Parcel
from vedette.sinks.broker import RejectedError
from vedette.sinks.facts import Facts, Template
from vedette.sinks.reach import Way
from vedette.sinks.settings import RedisSettings


def broker(settings: RedisSettings, way: Way) -> RedisBroker:
    """Return what opens links. Raises SinkError for a stream or database that can not be."""
    return RedisBroker(settings, way)


class RedisBroker:
    """Opens links to one Redis."""

    failures: tuple[type[Exception], ...] = (RedisError, OSError, EOFError)

    def __init__(self, settings: RedisSettings, way: Way) -> None:
        self._settings = settings
        self._way = way
        self._stream = Template(settings.stream)
        number = way.place.path or "0"
        if not (number.isascii() and number.isdigit()):
            raise SinkError(f"{way.place.name}: the path of the URL is the database, a number")
        self._database = int(number)

    async def open(self) -> RedisLink:
        """Make the pool; its connections are made when they are needed."""
        place = self._way.place
        pool = BlockingConnectionPool(
            max_connections=self._settings.connections,
            # The sink's deadline stands around all of this, the wait for a connection included.
            timeout=None,
            connection_class=_Guarded,
            way=self._way,
            host=place.host,
            port=place.port,
            db=self._database,
            username=place.user,
            password=None if place.password is None else place.password.reveal(),
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            # Without pushes there is none that sends the client to another host.
            protocol=2,
        )
        return RedisLink(Redis.from_pool(pool), self._stream, self._settings.maxlen)


class RedisLink:
    """A pool, which replaces a connection that failed by itself."""

    is_open = True

    def __init__(self, client: Redis, stream: Template, maxlen: int) -> None:
        self._client = client
        self._stream = stream
        self._maxlen = maxlen

    async def publish(self, parcel: Parcel, about: Facts) -> str:
        """Add an entry and return its id."""
        try:
            entry = await self._client.xadd(
                self._stream.filled(parcel, about),
                {
                    "event_id": parcel.event,
                    "type": parcel.type,
                    "tenant": about.tenant,
                    "account": about.account,
                    "body": parcel.body,
                },
                maxlen=self._maxlen or None,
                approximate=True,
            )
        except ReadOnlyError:
            # A replica since a failover: its name is looked up again, so the link is given up.
            raise
        except ResponseError as error:
            raise RejectedError(str(error)) from error
        return f"entry {entry.decode() if isinstance(entry, bytes) else entry}"

    async def close(self) -> None:
        """Close all connections, those in use too."""
        await self._client.aclose()


class _Guarded(Connection):
    """A connection that is dialled by us."""

    def __init__(self, *, way: Way, **settings: Any) -> None:
        super().__init__(**settings)
        self._way = way

    async def _connect(self) -> None:
        self._reader, self._writer = await self._way.dial(tls=self._way.place.tls)
