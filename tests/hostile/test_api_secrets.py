"""Planted secrets are nowhere but where they are used: a service that runs, all routes, all it leaves.

Of a secret no spelling may be in the log, in an answer, in the numbers, in the traces or in a file of
the state: as it is, in base64, in hex, as a URL has it, or as JSON or Python write it. The service
ends by a signal that dumps core, so that what a crash prints is looked at too.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import signal
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.api.operations import operations
from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.process import wait_until
from tests.support.service import Service
from vedette.api.frame import routed
from vedette.secret import Secret
from vedette.sources.cipher import Cipher, CipherSettings, KeyForm, derive, read_layout

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]

#: What is planted, by where it is used. Each has what other spellings would change.
PLANTED: Final[Mapping[str, str]] = {
    name: f"canary/{name}+ü&{number}{number}%"
    for number, name in enumerate(
        ("box", "second", "token", "proxy", "table", "client", "header", "refused", "partner")
    )
}
HOST_KEY: Final = "canary-host-key-of-more-than-32-characters"
#: In hex, as it is configured, and as the cipher has it.
WRAPPING_KEY: Final = hashlib.sha256(b"canary-wrapping-key").hexdigest()
SIGNING: Final = base64.b64encode(b"canary-signing-key-of-32-octets!").decode()
ALL: Final[Mapping[str, str]] = {
    **PLANTED,
    "host key": HOST_KEY,
    "wrapping key": WRAPPING_KEY,
    "signing key": SIGNING,
}


def spellings(secret: str) -> set[bytes]:
    """Return what a secret may look like, without what its neighbours would change of it."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode()}
    if secret == WRAPPING_KEY:
        found |= {bytes.fromhex(secret), base64.b64encode(bytes.fromhex(secret))}
    found |= {quote(secret, safe="").encode(), quote(secret).encode()}
    found |= {
        json.dumps(secret)[1:-1].encode(),
        repr(secret)[1:-1].encode(),
        repr(raw)[2:-1].encode(),
    }
    for shift in range(3):
        # Of three octets each four letters come; the first and the last are of others too.
        whole = base64.b64encode(b"\0" * shift + raw)
        middle = whole[-(-shift * 4 // 3) : len(whole) // 4 * 4 - 4]
        found |= {middle, middle.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def traces(octets: bytes) -> list[str]:
    """Return the names of the secrets that are in something."""
    return [name for name, each in ALL.items() if any(one in octets for one in spellings(each))]


class Running:
    """A service with the secrets planted, and everything that was answered."""

    def __init__(self, port: int, service: Service) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._service = service
        self.key = ""
        self.answers: list[bytes] = []

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Ask, and keep what was answered."""
        data = (
            body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        )
        headers = {"Authorization": f"Bearer {self.key}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(
            self._base + quote(path, safe="/?=&:@,%"), data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                told = answer.status, bytes(answer.headers) + answer.read()
        except urllib.error.HTTPError as error:
            with error:
                told = error.code, bytes(error.headers) + error.read()
        except TimeoutError:
            # A stream that goes on for ever.
            told = 0, b""
        self.answers.append(told[1])
        return told

    def until(self, account: str, state: str) -> None:
        """Wait until an account is in a state."""

        def is_so() -> bool:
            _, told = self.ask("GET", f"/v1/accounts/{account}")
            return f'"state":"{state}"'.encode() in told

        wait_until(is_so, within=60.0, what=f"{account} to be {state}")


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Run a collector of traces; yield its URL and what it got."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            is_packed = self.headers.get("content-encoding") == "gzip"
            got.append(gzip.decompress(body) if is_packed else body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def host_table(file: Path, server: Dovecot) -> None:
    """Make a table of the host's, with a password as its application encrypts it."""
    settings = CipherSettings(
        key=derive(Secret(HOST_KEY), KeyForm.FIRST32), layout=read_layout("iv:tag:ciphertext")
    )
    sealed = Cipher(settings).seal(Secret(PLANTED["table"]), nonce=bytes(12))
    server.set_password("table@example.org", PLANTED["table"])
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE mailbox (id TEXT, email TEXT, password TEXT)")
        database.execute("INSERT INTO mailbox VALUES ('table', 'table@example.org', ?)", (sealed,))


def configured(folder: Path, port: int, server: Dovecot, otlp: str) -> Path:
    host_table(folder / "app.db", server)
    file = folder / "vedette.toml"
    file.write_text(
        f"""state = "state"
[log]
level = "debug"
[api]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
[secrets]
key_env = "WRAPPING_KEY"
[telemetry]
otlp = "{otlp}"
[sources.app]
url = "sqlite://{folder}/app.db"
query = "SELECT id, email, password FROM mailbox"
[sources.app.cipher]
key_env = "HOST_KEY"
key_form = "first32"
[sources.app.mail]
host = "localhost"
port = {server.tls_port}
private = true
tls.pin = "{server.certificate.pin}"
"""
    )
    return file


def exercised(it: Running, server: Dovecot) -> None:
    """Plant the secrets, let mail through, break a login, and ask every route."""
    it.ask("POST", "/v1/tenants", {"id": "acme"})
    server.set_password("box@example.org", PLANTED["box"])
    account = {
        "tenant": "acme",
        "email": "box@example.org",
        "host": "localhost",
        "port": server.tls_port,
        "pin": server.certificate.pin,
        "private": True,
    }
    assert (
        it.ask("POST", "/v1/accounts", {**account, "id": "box", "password": PLANTED["box"]})[0]
        == 201
    )
    behind = {"proxy": "socks5://me@127.0.0.1:9", "proxyPassword": PLANTED["proxy"]}
    behind |= {"token": PLANTED["token"], "mechanism": "XOAUTH2"}
    assert it.ask("POST", "/v1/accounts", {**account, **behind, "id": "behind"})[0] == 201
    endpoint = {
        "tenant": "acme",
        "type": "webhook",
        "url": "http://127.0.0.1:9/hook",
        "secret": f"whsec_{SIGNING}",
        "headers": {"x-key": PLANTED["header"]},
        "private": True,
    }
    assert it.ask("POST", "/v1/endpoints", {**endpoint, "id": "hook"})[0] == 201
    app = {"tenant": "acme", "provider": "google", "clientId": "us"}
    assert it.ask("POST", "/v1/oauth/apps", {**app, "clientSecret": PLANTED["client"]})[0] == 201
    for each in ("box", "table"):
        it.until(each, "live")
        server.deliver(f"{each}@example.org", b"Subject: Hello\r\n\r\nHello\r\n")
    it.ask("PATCH", "/v1/accounts/box", {"password": PLANTED["second"]})
    it.until("box", "auth_failed")
    refused = PLANTED["refused"]
    for body in (
        {**account, "password": refused, "pasword": refused},
        {**account, "password": [refused]},
        {**account, "password": refused * 2000},
        f'{{"password": "{refused}'.encode(),
    ):
        assert it.ask("POST", "/v1/accounts", body)[0] in {400, 413, 422}
    every_route(it)


def every_route(it: Running) -> None:
    """Ask every operation of the document, with what it takes and with secrets it does not."""
    ids = {"tenant": "acme", "account": "box", "key": "none", "endpoint": "hook"}
    for operation in operations(routed().openapi()):
        if operation.path.endswith("/stream") or operation.name == "delete_tenant":
            continue
        method, path, told = operation.at(ids)
        it.ask(method, path, told)
        if operation.takes_body:
            it.ask(method, path, {"secret": PLANTED["partner"], "password": PLANTED["partner"]})


def test_planted_secrets_are_nowhere_else(
    make_dovecot: Callable[..., Dovecot], tmp_path: Path
) -> None:
    """Log, answers, numbers, traces, crash and every file of the state are without them."""
    server, port = make_dovecot(own_passwords=True), free_port()
    with collector() as (otlp, traced):
        file = configured(tmp_path, port, server, otlp)
        env = {"WRAPPING_KEY": WRAPPING_KEY, "HOST_KEY": HOST_KEY, "PYTHONFAULTHANDLER": "1"}
        with Service(["serve", "--config", str(file)], folder=tmp_path, env=env) as service:
            service.until_logged("The API's first key")
            it = Running(port, service)
            [it.key] = re.findall(r"vdt_[\w-]{43}", service.err)
            exercised(it, server)
            assert it.ask("GET", "/metrics")[0] == 200
            wait_until(lambda: bool(traced), within=30.0, what="traces")
            service.send(signal.SIGABRT)
            service.ended()
            log = service.err.replace(it.key, "")

    files = [each for each in (tmp_path / "state").rglob("*") if each.is_file()]
    found: dict[str, Any] = {str(each): traces(each.read_bytes()) for each in files}
    found |= {"log": traces(log.encode()), "out": traces(service.out.encode())}
    found |= {f"answer {number}": traces(each) for number, each in enumerate(it.answers)}
    found |= {"traces": traces(b"".join(traced))}
    assert {where: names for where, names in found.items() if names} == {}
    keys = [it.key.encode(), *re.findall(rb"vdt_[\w-]{43}", b"".join(it.answers))]
    assert not [each for each in files if any(key in each.read_bytes() for key in keys)]
    assert "vdt_" not in log
    assert "Fatal Python error: Aborted" in service.err


@pytest.mark.parametrize("name", PLANTED)
def test_a_secret_is_found_in_any_spelling(name: str) -> None:
    """What looks for them is not blind: each spelling is found in the middle of other text."""
    raw = PLANTED[name].encode()
    for shown in (
        raw,
        base64.b64encode(b"x" + raw + b"tail"),
        base64.urlsafe_b64encode(b"xy" + raw + b"tail"),
        raw.hex().encode(),
        quote(PLANTED[name], safe="").encode(),
        json.dumps({"it": PLANTED[name]}).encode(),
    ):
        assert name in traces(b"before " + shown + b" behind")
