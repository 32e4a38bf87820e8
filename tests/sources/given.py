"""What tests of host tables start from: settings of a table, and a key to seal its secrets with.

It must not know a real database.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vedette.config.document import parse
from vedette.config.sources import read_source
from vedette.secret import Secret
from vedette.sources.cipher import Cipher, CipherSettings, KeyForm, derive, read_layout
from vedette.sources.database import Batch, Order, SourceError
from vedette.sources.settings import SourceSettings

#: A key of AES-256, as 64 digits.
KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


def settings(text: str = "", **more: Any) -> SourceSettings:
    """Return the settings of ``[sources.app]`` from what stands in the table."""
    head = 'url = "sqlite:///app.db"\nquery = "SELECT"\n'
    table = parse(f"[sources.app]\n{head}{text}", file="vedette.toml").table("sources").table("app")
    return replace(read_source(table), **more)


def cipher(layout: str = "iv:tag:ciphertext", **more: Any) -> Cipher:
    """Return what seals in a layout, with the key of the tests."""
    key = derive(Secret(KEY), KeyForm.HEX)
    return Cipher(CipherSettings(key=key, layout=read_layout(layout), **more))


def sealed(secret: str, **more: Any) -> str:
    """Return a secret as a host application would have it in its table."""
    found = cipher(**more).seal(Secret(secret), nonce=secrets.token_bytes(12))
    assert isinstance(found, str)
    return found


class Shelf:
    """A database in memory: rows that a test sets, and what was written."""

    def __init__(self, *rows: Mapping[str, object]) -> None:
        self.rows: list[Mapping[str, object]] = list(rows)
        self.columns: tuple[str, ...] = tuple(rows[0]) if rows else ("id",)
        #: What a reading or a writing fails with, in place of what it does.
        self.trouble: str | None = None
        self.refused: list[str] = []
        self.hangs = False
        #: Seconds that a round of writing takes, whatever comes of it.
        self.slowness = 0.0
        self.readings = 0
        #: Each round of writing: the text of the statement and its values.
        self.written: list[list[tuple[str, Mapping[str, object]]]] = []
        self.channel: str | None = None
        self.heard: Callable[[], None] | None = None
        self.deaf = asyncio.Event()

    async def read(self, query: str) -> AsyncGenerator[Batch]:
        """Yield the rows."""
        assert query
        self.readings += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise SourceError(self.trouble)
        yield Batch(columns=self.columns, rows=list(self.rows))

    async def write(self, orders: Sequence[Order]) -> Sequence[str]:
        """Note what is to be written."""
        await asyncio.sleep(self.slowness)
        if self.trouble is not None:
            raise SourceError(self.trouble)
        self.written.append([(order.statement.text, order.values) for order in orders])
        return self.refused

    async def listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Listen until a test makes it deaf."""
        if self.trouble is not None:
            raise SourceError(self.trouble)
        self.channel, self.heard = channel, heard
        self.deaf.clear()
        heard()
        await self.deaf.wait()


def row(id_: object = 1, **more: object) -> dict[str, object]:
    """Return a row of an ordinary mailbox."""
    return {
        "id": id_,
        "email": f"user-{id_}@example.org",
        "host": "imap.example.org",
        "password": "s3cret",
        **more,
    }
