"""A token endpoint that answers what a test says, for what no real server can be brought to say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.ports import free_port

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Endpoint:
    """Where it is, what it was asked, and what it answers."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    answer: Handler | None = None
    json: dict[str, object] = field(default_factory=dict)
    status: int = 200

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(Asked(request.method, request.path_qs, dict(request.headers), form, body))
        if self.answer is not None:
            return await self.answer(request)
        return web.json_response(self.json, status=self.status)


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    """Serve one on loopback."""
    port = free_port()
    found = Endpoint(url=f"http://127.0.0.1:{port}")
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield found
    finally:
        await runner.cleanup()
