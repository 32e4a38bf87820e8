"""The API as a part of the service: a port and a socket in the state folder, on the service's loop.

uvicorn reads and writes HTTP; it takes no signals, starts no loop and ends nobody's process. It must
not know what is served.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from starlette.types import ASGIApp
from uvicorn import Config, Server

from vedette.api.caller import Socket
from vedette.api.headers import MAX_HEAD
from vedette.api.wire import KEEP_ALIVE, Wire
from vedette.config.api import ApiSettings, Certificate
from vedette.engine.part import Part
from vedette.errors import ConfigError

_log = structlog.stdlib.get_logger(__name__)

#: The socket in the state folder; who can open it is an admin.
SOCKET: Final = "api.sock"

#: Seconds for answers that are under way at a stop.
GRACE: Final = 5
#: Connections that wait to be taken.
_BACKLOG: Final = 256


class ApiServer(Part):
    """Serves an app, on the port of the settings and on the socket in a folder."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ApiSettings,
        state: Path,
    ) -> None:
        super().__init__("api server")
        self._app = app
        self._settings = settings
        self._path = state / SOCKET
        self._servers: list[Server] = []
        self._context: ssl.SSLContext | None = None
        #: The port that is served, or None.
        self.port: int | None = None

    async def _open(self) -> None:
        # What strangers send is no news, and what an app raises is told by its gate.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await self._open_socket()
        await self._open_port()

    async def _close(self) -> None:
        async with asyncio.TaskGroup() as ends:
            for server in self._servers:
                ends.create_task(server.shutdown())
        if self._servers:
            # On a disk that went read-only it stays; the next run takes a dead socket away.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def renew(self, certificate: Certificate | None) -> None:
        """Show a certificate to whoever connects from now on: its files may have been replaced.

        One that can not be used is told of, and the one before is shown.
        """
        if self._context is None or certificate is None:
            return
        try:
            # Not at once into the one that serves: a chain without its key would be left in it.
            _context(certificate)
            self._context.load_cert_chain(certificate.chain, certificate.key)
        except (ConfigError, OSError) as error:
            _log.error("api.certificate_kept", error=str(error))

    async def _open_socket(self) -> None:
        """Serve the socket. Without it commands are refused; watching goes on."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # The state's lock is ours: a socket that is there is a dead one.
            self._path.unlink(missing_ok=True)
            # Nobody else may open it in between: it is made with the mode that it keeps.
            listener.bind(_private(self._path, listener))
        except OSError as error:
            listener.close()
            _log.warning("api.socket_unavailable", path=str(self._path), error=str(error))
            return
        await self._serve(Socket(self._app), listener, None)

    async def _open_port(self) -> None:
        """Serve the port. Raises ConfigError where it was asked for and can not be had."""
        settings = self._settings
        if settings.certificate is not None:
            self._context = _context(settings.certificate)
        try:
            listener = _listener(settings)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            why = f"the API can not listen on {where}: {error.strerror}; say [api] listen"
            if settings.is_asked:
                raise ConfigError(why) from error
            _log.warning("api.port_unavailable", error=why)
            return
        self.port = int(listener.getsockname()[1])
        await self._serve(self._app, listener, self._context)
        if settings.certificate is None and not settings.is_loopback:
            _log.warning(
                "api.in_the_clear",
                error="keys and mail cross the network unencrypted: give [api] cert_file and"
                " key_file, or put a proxy that speaks TLS before it",
            )
        _log.info("api.listening", host=settings.host, port=self.port)

    async def _serve(
        self, app: ASGIApp, listener: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        config = Config(
            app,
            http=Wire,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
            h11_max_incomplete_event_size=MAX_HEAD,
        )
        config.load()
        config.ssl = context
        server = Server(config)
        # What ``Server.serve`` does, without its signals and its ten looks a second.
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        self._servers.append(server)


def _listener(settings: ApiSettings) -> socket.socket:
    """Return a socket that is bound. Raises OSError."""
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By its protocol asyncio knows TCP, and sends what is small at once; without it each answer
    # waits 40 ms for the acknowledgement of its own head (RFC 896, and RFC 1122 section 4.2.3.2).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, settings.port))
    except OSError:
        listener.close()
        raise
    return listener


def _private(path: Path, listener: socket.socket) -> str:
    """Return the path to bind; what is bound to it is the owner's alone (Linux takes the mode)."""
    os.fchmod(listener.fileno(), 0o600)
    return str(path)


def _context(certificate: Certificate) -> ssl.SSLContext:
    """Return what the port speaks TLS with. Raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate.chain, certificate.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"the API can not speak TLS with {certificate.chain} and {certificate.key}: {error}"
        ) from error
    return context
