"""The API over a state that no service runs on, for as long as one command takes.

The command holds the state as a service would, so none starts meanwhile on the same machine; requests
go straight to the app, by no socket. It must not know the engine.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any, Final
from urllib.parse import unquote

from starlette.types import ASGIApp, Scope

from vedette.api.assembly import Filed, Ground, assembled
from vedette.api.caller import Socket
from vedette.api.frame import below, build
from vedette.api.services import Services
from vedette.app.clock import SystemClock
from vedette.app.enrolled import registered
from vedette.app.guards.trusting import State
from vedette.app.state import kept
from vedette.app.vault import unlocked
from vedette.client.carrier import Answer, Request
from vedette.config.settings import AccountSettings, Settings
from vedette.errors import NetworkError, UsageError
from vedette.identity.oauth.transport import Transport
from vedette.model.account import Account
from vedette.net.address import PRIVATE, AddressGuard
from vedette.ownership.shard import InstanceId
from vedette.ports.link import Target
from vedette.ports.registration import Origin
from vedette.ports.source import Sourced
from vedette.ports.token import Tokens
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.service.doctor.doctor import Finding
from vedette.service.endpoints.filed import FiledEndpoints
from vedette.service.guards.filed import FiledGuards
from vedette.service.running import Nothing

#: Parts of an answer that wait to be read: of 64 KiB each at most.
_PARTS: Final = 8


class AloneCarrier:
    """Carries requests to an API of its own. ``settings`` say where the state and its key are.

    Raises StoreError, with who holds it, where the state is another's; SecretError without its key.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = _apart(settings)
        self._state: State | None = None
        self._services: Services | None = None
        self._apps: dict[tuple[str, ...], ASGIApp] = {}
        self._transport: Transport | None = None

    async def open(self) -> None:
        """Take the state."""
        settings, clock = self._settings, SystemClock()
        state = kept(
            settings,
            clock,
            on_distrust=lambda _error: None,
            on_audit=lambda _entry: None,
            on_due=lambda _endpoints: None,
        )
        await state.start()
        self._state = state
        try:
            self._transport = Transport(
                guard=AddressGuard(), private=AddressGuard(allow=PRIVATE), clock=clock
            )
            ground = Ground(
                state=state,
                vault=await unlocked(settings, state.records, clock),
                clock=clock,
                running=Nothing(state.healths),
                examine=self._examine,
                elsewhere=_filed(settings),
                filed=Filed(
                    endpoints=FiledEndpoints(lambda: settings.endpoints),
                    guards=FiledGuards(lambda: settings.guards),
                ),
                transport=self._transport,
            )
            self._services = assembled(ground, settings.api)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let the state go."""
        state, self._state, self._services = self._state, None, None
        if self._transport is not None:
            await self._transport.stop()
        if state is not None:
            await state.stop()

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answer]:
        """Have the app answer."""
        call = _Call(self._app(request.target), request)
        try:
            yield await call.answer()
        finally:
            await call.end()

    def _app(self, target: str) -> ASGIApp:
        """Return an app that answers to a path; it has the routes that may, and no others."""
        if self._services is None:
            raise UsageError("the client is not open: use it with 'async with'")
        names = below(target)
        app = self._apps.get(names)
        if app is None:
            app = self._apps[names] = Socket(build(self._services, names))
        return app

    async def _examine(
        self, account: Account, target: Target, tokens: Tokens | None
    ) -> AsyncIterator[Finding]:
        """Try an account out as the service would."""
        one = (AccountSettings(account=account, target=target),)
        # It imports all that is between us and a server, which few commands ask for.
        diagnose: Callable[..., AsyncGenerator[Finding]] = import_module(
            "vedette.app.doctor"
        ).diagnose
        async with aclosing(
            diagnose(replace(self._settings, accounts=one), tokens=tokens)
        ) as findings:
            async for finding in findings:
                yield finding


class _Call:
    """One request to an app, and its answer in parts as they come."""

    def __init__(self, app: ASGIApp, request: Request) -> None:
        self._body = request.body or b""
        self._is_sent = False
        self._gone = asyncio.Event()
        self._messages: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(_PARTS)
        self._task = asyncio.ensure_future(app(_scope(request), self._receive, self._messages.put))

    async def answer(self) -> Answer:
        """Return the answer from its head on."""
        start = await self._next()
        if start is None:
            raise NetworkError("the API ended a request without an answer; this is a defect")
        headers = {
            name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]
        }
        return Answer(status=start["status"], headers=headers, pieces=self._pieces())

    async def end(self) -> None:
        """Say that nobody reads any more, and wait until the app has taken note of it."""
        self._gone.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while (message := await self._next()) is not None:
            yield message.get("body", b"")
            if not message.get("more_body", False):
                return

    async def _next(self) -> Mapping[str, Any] | None:
        """Return the next message; None where the app ended without one."""
        getting = asyncio.ensure_future(self._messages.get())
        try:
            await asyncio.wait({getting, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
        finally:
            getting.cancel()
        self._task.result()
        return None if self._messages.empty() else self._messages.get_nowait()

    async def _receive(self) -> dict[str, Any]:
        if not self._is_sent:
            self._is_sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}


def _scope(request: Request) -> Scope:
    """Return what a server tells an app of a request (ASGI 3.0)."""
    path, _, query = request.target.partition("?")
    headers = {"host": "localhost", **request.headers}
    if request.body:
        headers["content-length"] = str(len(request.body))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode(), text.encode("latin-1")) for name, text in headers.items()
        ],
        "client": None,
        "server": None,
    }


def _apart(settings: Settings) -> Settings:
    """Return settings under which we take nothing that is an instance's, and change no shape."""
    if settings.store is None:
        return settings
    name = InstanceId(f"{settings.store.instance}-command-{os.getpid()}")
    return replace(settings, store=replace(settings.store, instance=name, migrates=False))


def _filed(settings: Settings) -> Elsewhere:
    """Return the accounts of the file, which are seen and not changed."""
    elsewhere = Elsewhere()
    shown = [Sourced(registration=registered(each, Origin.FILE)) for each in settings.accounts]
    elsewhere.keep("file", shown)
    return elsewhere
