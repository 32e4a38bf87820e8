"""A webhook endpoint on loopback, as a user of Vedette would write one.

It checks each signature by the Standard Webhooks specification with its own few lines,
not with the code that signed, and refuses what does not fit. It must not know the engine.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from vedette.secret import Secret

#: Seconds by which the timestamp may differ (Standard Webhooks, "Verifying timestamps").
TOLERANCE: Final = 300.0
#: Octets in one event: the text of an event is capped far below.
MAX_BODY: Final = 8 * 1024 * 1024
#: Seconds that requests under way get when the receiver stops.
GRACE: Final = 2.0

#: Takes an event that was posted and verified.
Taken = Callable[[dict[str, Any]], None]


class Receiver:
    """Listens on a free port; ``url`` is valid after ``start``."""

    def __init__(self, key: Secret[bytes], *, now: Callable[[], float], taken: Taken) -> None:
        self._key = key
        self._now = now
        self._taken = taken
        self._runner: web.AppRunner | None = None
        self._changed = asyncio.Event()
        self.url = ""
        #: Posts whose signature did not fit; all were refused.
        self.refused = 0

    async def start(self) -> None:
        """Listen. Raises OSError."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/events", self._posted)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/events"

    async def stop(self) -> None:
        """Stop listening. Idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def until(self, settled: Callable[[], bool]) -> None:
        """Wait until ``settled`` is true after some post; the caller sets the deadline."""
        while not settled():
            self._changed.clear()
            await self._changed.wait()

    async def _posted(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: request.headers.get(f"webhook-{name}", "") for name in _SIGNED}
        if not verify(self._key, body=body, now=self._now(), **headers):
            self.refused += 1
            self._changed.set()
            return web.Response(status=401, text="the signature does not fit")
        self._taken(json.loads(body))
        self._changed.set()
        return web.Response(status=204)


_SIGNED: Final = ("id", "timestamp", "signature")


def verify(
    key: Secret[bytes],
    *,
    id: str,  # noqa: A002 - the name of the header that it is
    timestamp: str,
    signature: str,
    body: bytes,
    now: float,
) -> bool:
    """Tell whether one of the signatures fits and the timestamp is near ``now``."""
    # Ten digits last until 2286; int() of a long number is slow.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 10):  # noqa: PLR2004 - see above
        return False
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    signed = f"{id}.{timestamp}.".encode() + body
    expected = hmac.digest(key.reveal(), signed, "sha256")
    for each in signature.split(" "):
        version, _, encoded = each.partition(",")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        if version == "v1" and hmac.compare_digest(given, expected):
            return True
    return False
