"""Mailboxes on a real server, seen over the API in the process of a test.

Must not know: what is tested.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote
from zlib import crc32

from tests.store.bundle import StillClock
from tests.support.api import Answer, Face
from tests.support.memory_store import MemoryStore

#: A Monday in January 2027.
NOW = 1_800_000_000.0


class Server(Protocol):
    """What is asked of a server of the tests."""

    @property
    def port(self) -> int: ...

    def append(self, user: str, folder: str, raw: bytes, *, flags: str = "") -> None: ...


@asynccontextmanager
async def living(scratch: Path) -> AsyncIterator[Face]:
    """Lend an API that has the network, and two tenants; large messages go through a folder."""
    store = MemoryStore(StillClock(NOW))
    await store.start()
    face = Face(store, StillClock(NOW))
    face.entrance.live_in(scratch)
    await face.services.mailboxes.start()
    for name in ("acme", "other"):
        await face.ask("POST", "/v1/tenants", {"id": name})
    try:
        yield face
    finally:
        await face.services.mailboxes.stop()
        await store.stop()


@dataclass(slots=True, kw_only=True)
class Box:
    """A mailbox on the server, with the account ``box`` of the tenant ``acme``."""

    face: Face
    server: Server
    user: str

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        return await self.face.ask(method, f"/v1/accounts/box/{path}", body, **more)

    async def holds(self, *mails: bytes, folder: str = "INBOX", flags: str = "") -> None:
        for mail in mails:
            await asyncio.to_thread(self.server.append, self.user, folder, mail, flags=flags)

    async def listed(self, query: str = "", folder: str = "INBOX") -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"folders/{quote(folder, safe='')}/messages{query}")
        assert answer.status == 200, answer.body
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    async def subjects(self, query: str = "", folder: str = "INBOX") -> list[str]:
        return [each["subject"] for each in await self.listed(query, folder)]

    async def only(self) -> str:
        """Return the id of the one message that is there."""
        [found] = await self.listed()
        return str(found["id"])

    async def audited(self, what: str) -> list[dict[str, Any]]:
        trail = await self.face.state.audit_trail(limit=1000)
        return [json.loads(each.detail) for each in trail if each.what == what]


async def boxed(face: Face, server: Server, user: str, **account: Any) -> Box:
    given = {"id": "box", "tenant": "acme", "email": "a@example.org", "host": "h.example"}
    made = await face.ask("POST", "/v1/accounts", {**given, "password": "p", **account})
    assert made.status == 201, made.body
    face.entrance.let("box", server.port, user=user)
    return Box(face=face, server=server, user=user)


def letter(subject: str, body: str = "Hello", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"] = headers.pop("from_", "Ann <ann@example.org>")
    made["To"] = headers.pop("to", "bob@example.org")
    made["Subject"] = subject
    made["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
    made["Message-ID"] = f"<{crc32(subject.encode())}@example.org>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return bytes(made).replace(b"\n", b"\r\n")


def with_attachment(filename: str, data: bytes, kind: str = "application/pdf") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "ann@example.org", "bob@example.org", "A file"
    made.set_content("See the file.")
    main, _, sub = kind.partition("/")
    made.add_attachment(data, maintype=main, subtype=sub, filename=filename)
    return bytes(made).replace(b"\n", b"\r\n")
