"""What stands before the mock cluster: a login as Kafka's own (KIP-12, KIP-152), and TLS.

::

    client ── TLS? ──► gate: versions, SASL ──► the mock's broker
                         ▲ the mock's address becomes the gate's, wherever it is told

It runs as a process, ``python -m tests.support.kafka_gate SETTINGS``, so that it can be killed and
stopped as a broker can, while the mock keeps what it acknowledged as a disk does. It prints a
line when it listens. Must not know: the product.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import ssl
import struct
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Self

HOST = "127.0.0.1"
#: Keys of the requests that matter here (Kafka protocol guide, "Api Keys").
_HANDSHAKE, _VERSIONS, _AUTHENTICATE = 17, 18, 36
#: Codes of errors.
_FINE, _BAD_MECHANISM, _BAD_LOGIN = 0, 33, 58
_HASHES = {"SCRAM-SHA-256": hashlib.sha256, "SCRAM-SHA-512": hashlib.sha512}
_ROUNDS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where it listens and leads to, and who may pass."""

    port: int
    tls_port: int
    behind: int
    certificate: str
    user: str
    password: str

    @classmethod
    def read(cls, text: str) -> Self:
        return cls(**json.loads(text))

    def written(self) -> str:
        return json.dumps(asdict(self))


def address(port: int) -> bytes:
    """Return an address as metadata tell it: a string and an INT32."""
    return struct.pack(">h", len(HOST)) + HOST.encode() + struct.pack(">i", port)


class Caller:
    """One connection of a client."""

    def __init__(
        self, gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        self._gate = gate
        self._reader = reader
        self._writer = writer
        self._port = port

    async def serve(self) -> None:
        """Let the client pass once it has logged in; end when either side does."""
        behind, before = await asyncio.open_connection(HOST, self._gate.behind)
        tasks = []
        try:
            if await self._login(behind, before):
                tasks = [
                    asyncio.create_task(self._up(before)),
                    asyncio.create_task(self._down(behind)),
                ]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            before.close()
            self._writer.close()

    async def _login(self, behind: asyncio.StreamReader, before: asyncio.StreamWriter) -> bool:
        """Answer until the client is known; anything else ends the connection, as Kafka does."""
        login: Login | None = None
        while True:
            frame = await _frame(self._reader)
            key, _version, number = struct.unpack_from(">hhi", frame)
            body = frame[8 + 2 + max(0, struct.unpack_from(">h", frame, 8)[0]) :]
            if key == _VERSIONS:
                _send(before, frame)
                self._answer(_with_login(await _frame(behind)))
            elif key == _HANDSHAKE:
                wanted = body[2:].decode()
                known = wanted == "PLAIN" or wanted in _HASHES
                login = Login(wanted, self._gate.user, self._gate.password) if known else None
                names = b"".join(_string(each) for each in ("PLAIN", *_HASHES))
                code = _FINE if known else _BAD_MECHANISM
                self._answer(struct.pack(">ihi", number, code, 3) + names)
            elif key == _AUTHENTICATE and login is not None:
                said = login.step(body[4:])
                code, words = (_BAD_LOGIN, "who are you?") if said is None else (_FINE, "")
                answer = struct.pack(">i", len(said or b"")) + (said or b"")
                self._answer(struct.pack(">ih", number, code) + _string(words) + answer)
                if said is None or login.is_done:
                    return said is not None
            else:
                return False

    async def _up(self, before: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await self._reader.read(65536):
                before.write(data)
                await before.drain()

    async def _down(self, behind: asyncio.StreamReader) -> None:
        told, ours = address(self._gate.behind), address(self._port)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                self._answer((await _frame(behind)).replace(told, ours))
                await self._writer.drain()

    def _answer(self, frame: bytes) -> None:
        _send(self._writer, frame)


class Login:
    """The server's side of SASL: PLAIN (RFC 4616) or SCRAM (RFC 5802)."""

    def __init__(self, mechanism: str, user: str, password: str) -> None:
        self._hash = _HASHES.get(mechanism)
        self._user = user
        self._password = password.encode()
        self._salt = secrets.token_bytes(16)
        self._said = ""
        self.is_done = False

    def step(self, message: bytes) -> bytes | None:
        """Return the answer, or None for who may not pass."""
        if self._hash is None:
            self.is_done = True
            wanted = f"\0{self._user}\0".encode() + self._password
            return b"" if message[message.index(b"\0") :] == wanted else None
        if not self._said:
            bare = message.decode().removeprefix("n,,")
            nonce = dict(each.split("=", 1) for each in bare.split(","))["r"]
            salt = base64.b64encode(self._salt).decode()
            first = f"r={nonce}{secrets.token_hex(8)},s={salt},i={_ROUNDS}"
            self._said = f"{bare},{first}"
            return first.encode()
        self.is_done = True
        return self._proved(message.decode())

    def _proved(self, final: str) -> bytes | None:
        """Check the client's proof, and give ours (RFC 5802 section 3)."""
        if self._hash is None:
            return None
        without, _, proof = final.rpartition(",p=")
        about = f"{self._said},{without}".encode()
        name = self._hash().name
        salted = hashlib.pbkdf2_hmac(name, self._password, self._salt, _ROUNDS)
        client = hmac.digest(salted, b"Client Key", name)
        signature = hmac.digest(self._hash(client).digest(), about, name)
        wanted = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        if not hmac.compare_digest(wanted, base64.b64decode(proof)):
            return None
        ours = hmac.digest(hmac.digest(salted, b"Server Key", name), about, name)
        return b"v=" + base64.b64encode(ours)


def _with_login(frame: bytes) -> bytes:
    """Add the two requests of a login to the versions that a broker tells (version 0)."""
    (count,) = struct.unpack_from(">i", frame, 6)
    more = struct.pack(">6h", _HANDSHAKE, 0, 1, _AUTHENTICATE, 0, 0)
    return frame[:6] + struct.pack(">i", count + 2) + frame[10:] + more


def _string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4)))


def _send(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(struct.pack(">i", len(frame)) + frame)


async def serve(gate: Gate) -> None:
    """Listen on both ports, for ever."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        with suppress(OSError, asyncio.IncompleteReadError):
            await Caller(gate, reader, writer, port).serve()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(gate.certificate)
    async with (
        await asyncio.start_server(taken, HOST, gate.port),
        await asyncio.start_server(taken, HOST, gate.tls_port, ssl=context),
    ):
        print("listening", flush=True)  # noqa: T201 - to who started it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Gate.read(sys.argv[1])))
