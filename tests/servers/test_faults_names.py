"""Names that do not resolve for a while, of a mail server and of a webhook, through the real path.

Only the answer of ``getaddrinfo`` is scripted; threads, dialer, sink and schedule are the real ones.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.sinks.receivers import receiver
from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.engine import Watching, blocking, mailbox
from vedette.app.clock import SystemClock
from vedette.app.engine import Engine
from vedette.config.settings import Settings
from vedette.errors import NetworkError
from vedette.model.account import AccountState
from vedette.model.delivery import Endpoint
from vedette.model.ids import EndpointId
from vedette.net.address import AddressGuard
from vedette.ports.link import Encryption
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings, WebhookSink

pytestmark = pytest.mark.server

MAIL, HOOK = "mail.example.test", "hook.example.test"
#: The first wait of the schedule is 5 s and a tenth more; the rest is a loaded machine's.
SECOND_TRY = 60.0


class Names:
    """The name server: it knows loopback under every name of ours, or it fails with ``error``."""

    def __init__(self) -> None:
        self.error: int | None = None
        self.asked: list[str] = []
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: Any, port: Any, *words: Any, **named: Any) -> Any:
        if host not in {MAIL, HOOK}:
            return self._real(host, port, *words, **named)
        self.asked.append(host)
        if self.error is not None:
            raise socket.gaierror(self.error, socket.gaierror(self.error).strerror or "no answer")
        return self._real("127.0.0.1", port, *words, **{**named, "flags": 0})


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    return names


@pytest.mark.parametrize("error", [socket.EAI_AGAIN, socket.EAI_NONAME])
async def test_a_mail_server_whose_name_is_gone_for_a_while_loses_nothing(
    dovecot: Dovecot, user: str, tmp_path: Path, names: Names, error: int
) -> None:
    """The account says that the name does not resolve, asks on its curve, and comes back."""

    async def put(books: Books) -> None:
        token = new_token()
        books.expect([token])
        await blocking(dovecot.deliver, user, letter(token))

    books = Books()
    box = mailbox(user, port=dovecot.port, ca_file=dovecot.ca_file, encryption=Encryption.NONE)
    box = replace(box, target=replace(box.target, host=MAIL))
    async with Watching(box, state=tmp_path, books=books) as watching:
        await watching.until_connected()
        await put(books)
        await watching.until_all_came()
    names.error = error
    names.asked.clear()
    await put(books)
    async with Watching(box, state=tmp_path, books=books) as watching:
        told = await watching.until_failed(NetworkError, 2)
        await watching.until_health(
            lambda health: health.state is AccountState.DEGRADED, "degraded account"
        )
        assert f"{MAIL} can not be resolved" in str(told)
        assert "can not be resolved" in (watching.health.error or "")
        assert names.asked == [MAIL] * 2
        names.error = None
        await put(books)
        await watching.until_all_came()
        await watching.until_health(
            lambda health: health.state is AccountState.CONNECTED, "recovery"
        )
    assert books.check().events == 3


async def test_a_webhook_whose_name_is_gone_for_a_while_gets_the_event_on_the_schedule(
    dovecot: Dovecot, user: str, tmp_path: Path, names: Names
) -> None:
    """The first attempt is refused and says why, the second one brings the same id."""
    box = mailbox(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)
    connected = asyncio.Event()
    async with receiver() as it:
        sink = WebhookSink(
            WebhookSettings(url=Secret(f"http://{HOOK}:{it.port}/events")),
            guard=AddressGuard(allow=[ip_network("127.0.0.0/8")]),
            clock=SystemClock(),
        )
        names.error = socket.EAI_AGAIN
        engine = Engine(
            Settings(state=tmp_path, accounts=(box,)),
            extra={EndpointId("hook"): (Endpoint(id=EndpointId("hook")), sink)},
            on_connected=lambda _account: connected.set(),
        )
        await engine.start()
        try:
            async with asyncio.timeout(SECOND_TRY):
                await connected.wait()
                # The event account.connected is on its way, and so is this one.
                await blocking(dovecot.deliver, user, letter(new_token()))
                while engine.courier.healths()[0].failures < 2:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.01)
            names.error = None
            async with asyncio.timeout(SECOND_TRY):
                while len(it.received) < 2:  # noqa: ASYNC110 - a receiver tells nobody
                    await asyncio.sleep(0.01)
        finally:
            await engine.stop()
    ids = [request.headers["webhook-id"] for request in it.received]
    assert len(ids) == len(set(ids)) == 2
    assert names.asked.count(HOOK) >= 2
