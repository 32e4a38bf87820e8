"""The API in the process of a test: its services on a store, and requests without a network.

Must not know: any route.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

from tests.support.mailbox import Doorway
from tests.support.outward import GuardDesk, Post
from vedette.api.assembly import Filed, Ground, State, assembled
from vedette.api.caller import Socket
from vedette.api.frame import build
from vedette.config.api import ApiSettings
from vedette.config.settings import EndpointSettings, GuardSettings
from vedette.engine.tap import Transcript
from vedette.identity.autoconfig.discovery import Inquiry
from vedette.identity.autoconfig.service import Service
from vedette.identity.oauth.transport import Transport
from vedette.identity.vault import Vault
from vedette.identity.wrapping import Keyring, WrappingKey
from vedette.model.account import Account, Health
from vedette.model.ids import AccountId, TenantId
from vedette.net.address import AddressGuard
from vedette.ownership.shard import InstanceId
from vedette.ports.clock import Clock
from vedette.ports.link import Target
from vedette.ports.ownership import Keeper
from vedette.ports.token import Tokens
from vedette.secret import Secret
from vedette.service.accounts.elsewhere import Elsewhere
from vedette.service.caller import admin
from vedette.service.doctor.doctor import CheckOutcome, Finding
from vedette.service.endpoints.filed import FiledEndpoints
from vedette.service.endpoints.outgoing import Ways
from vedette.service.guards.filed import FiledGuards
from vedette.service.guards.warding import Wards
from vedette.service.refusals import RefusalError
from vedette.service.running import Ownership

ROOT = admin("test")
#: Where browsers find it.
PUBLIC = "https://vedette.example"
#: Services that are inside, in the tests, are on this machine.
LOOPBACK = AddressGuard(allow=[ip_network("127.0.0.0/8")])


class Engine:
    """An engine that says what a test lets it say."""

    def __init__(self) -> None:
        self.is_running = True
        self.is_ready: str | None = None
        self.lag = 0.0
        self.told: dict[AccountId, Health] = {}
        self.owned = Ownership(instance="one", shards={3: 7}, sessions=2, oldest_age=1.5)
        self.troubles: dict[str, str] = {}
        self.keeps: Keeper | None = Keeper(instance=InstanceId("one"))
        self.said: Transcript | None = Transcript(until=0.0, lines=())
        self.asked: list[tuple[AccountId, float]] = []
        self.absent: RefusalError | None = None

    async def healths(self) -> Mapping[AccountId, Health]:
        return self.told

    def ownership(self) -> Ownership:
        return self.owned

    def tables(self) -> Mapping[str, str]:
        return self.troubles

    async def keeper(self, account: AccountId) -> Keeper | None:
        return self.keeps

    async def listen(self, account: AccountId, seconds: float) -> Transcript | None:
        self.asked.append((account, seconds))
        return await self.heard(account)

    async def heard(self, account: AccountId) -> Transcript | None:
        if self.absent is not None:
            raise self.absent
        return self.said


class Nobody:
    """An internet that knows of no mailbox."""

    async def exchangers(self, domain: str) -> list[str]:
        return []

    async def services(self, name: str) -> list[Service]:
        return []

    async def page(self, url: str, *, most: int) -> bytes | None:
        return None


class Doctor:
    """Finds what a test lets it find, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Account, Target]] = []
        self.tokens: list[Secret[str]] = []
        self.findings = [
            Finding(check="login", outcome=CheckOutcome.OK, seconds=0.1, detail="is in")
        ]

    async def __call__(
        self, account: Account, target: Target, tokens: Tokens | None
    ) -> AsyncIterator[Finding]:
        self.asked.append((account, target))
        if tokens is not None:
            self.tokens.append(await tokens.token(account))
        for finding in self.findings:
            yield finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str | None:
        """The code of a problem."""
        found = self.json
        return found.get("code") if isinstance(found, dict) else None


class Face:
    """An app over a store. ``root`` is an admin's key."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        *,
        settings: ApiSettings | None = None,
        inquiry: Inquiry | None = None,
        wards: Wards | None = None,
    ) -> None:
        self.state = state
        self.clock = clock
        self.engine = Engine()
        self.doctor = Doctor()
        self.elsewhere = Elsewhere()
        self.post = Post()
        self.desk = GuardDesk()
        #: The way to mail servers; nobody is let in until a test does.
        self.entrance = Doorway()
        self.vault = Vault(state.records, Keyring(current=WrappingKey(Secret(bytes(32)))), clock)
        self.transport = Transport(guard=AddressGuard(), private=LOOPBACK, clock=clock)
        #: What the configuration file has; nothing until a test says so.
        self.file_endpoints: tuple[EndpointSettings, ...] = ()
        self.file_guards: tuple[GuardSettings, ...] = ()
        ground = Ground(
            state=state,
            vault=self.vault,
            clock=clock,
            running=self.engine,
            examine=self.doctor,
            elsewhere=self.elsewhere,
            entrance=self.entrance,
            transport=self.transport,
            ways=Ways(dispatch=self.post, attempt=self.post.attempt),
            wards=wards or Wards(desk=self.desk.handlers),
            filed=Filed(
                endpoints=FiledEndpoints(lambda: self.file_endpoints),
                guards=FiledGuards(lambda: self.file_guards),
            ),
            inquiry=inquiry or Inquiry(names=Nobody(), pages=Nobody(), ispdb=None),
        )
        self.services = assembled(
            ground, settings or ApiSettings(rate=1e6, burst=1_000_000, public_url=PUBLIC)
        )
        self.app: FastAPI = build(self.services)
        self.socket = Socket(self.app)
        self.root = ""

    async def key(self, *scopes: str, tenant: str | None = None) -> str:
        """Return a new key with these scopes; without any an admin's."""
        given = {"name": "test", "scopes": list(scopes or ("admin",)), "tenant": tenant}
        _, secret = await self.services.keys.create(ROOT, given)
        return secret.reveal()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = "root",
        **headers: str,
    ) -> Answer:
        """Ask with a key: an admin's, one that is given, or None for none."""
        if key == "root":
            self.root = self.root or await self.key()
            key = self.root
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return await request(self.app, method, path, body, headers)

    @staticmethod
    def tenant(name: str) -> TenantId:
        """Return a name as that of a tenant."""
        return TenantId(name)

    async def at_socket(self, method: str, path: str, body: object = None) -> Answer:
        """Ask through the socket in the state folder."""
        return await request(self.socket, method, path, body, {})


async def request(
    app: Any,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    client: tuple[str, int] | None = ("192.0.2.7", 4711),
    stalls: bool = False,
    drips: float | None = None,
) -> Answer:
    """Call an ASGI app as a server does. ``body`` is JSON, or octets as they are.

    One that ``stalls`` sends nothing of its body, and does not go either; one that ``drips`` sends a
    blank of it after so many seconds each, for ever.
    """
    scope, data = _scope(method, path, body, headers or {}, client)
    left = [{"type": "http.request", "body": data, "more_body": False}]
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        if stalls:
            await asyncio.Event().wait()
        if drips is not None:
            await asyncio.sleep(drips)
            return {"type": "http.request", "body": b" ", "more_body": True}
        return left.pop() if left else {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *parts = sent
    return Answer(
        status=start["status"],
        headers={name.decode().lower(): value.decode() for name, value in start["headers"]},
        body=b"".join(part.get("body", b"") for part in parts),
    )


def _scope(
    method: str,
    path: str,
    body: object,
    headers: Mapping[str, str],
    client: tuple[str, int] | None,
) -> tuple[dict[str, Any], bytes]:
    """Return what a server tells an app of a request, and the octets of its body."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    told = {"host": "vedette.example"}
    if data:
        told |= {"content-type": "application/json", "content-length": str(len(data))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    where, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(where),
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1")) for name, value in told.items()
        ],
        "client": client,
        "server": ("127.0.0.1", 8025),
    }
    return scope, data
