"""The log of connections to real servers, and to one that means harm: nothing of anybody is in it.

One service, and a mailbox at Dovecot, at Courier, and at a server that tells what it is given.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import pytest

from tests.support.courier import Courier
from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.process import wait_until
from tests.support.service import Service

pytestmark = pytest.mark.server

#: What must never be told: a password, and what somebody wrote.
PASSWORD: Final = "Zq81-planted-Password"
WRITTEN: Final = "Wombat-Subject-7731"
BODY: Final = "Quokka-Body-4410"
ANSWER: Final = 30.0

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Run a service and return what asks its API as an admin."""
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    file = folder / "vedette.toml"
    file.write_text(f'state = "state"\n[api]\nlisten = "127.0.0.1:{port}"\n')
    with Service(["serve", "--config", str(file)], folder=folder) as service:
        service.until_logged("The API's first key")
        [key] = re.findall(r"vdt_[\w-]{43}", service.err)

        def send(method: str, path: str, body: object = None) -> Any:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}{path}",
                data=None if body is None else json.dumps(body).encode(),
                headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
                method=method,
            )
            with urllib.request.urlopen(request, timeout=ANSWER) as answer:
                return json.load(answer)

        yield send
        assert PASSWORD not in service.err
        assert WRITTEN not in service.err


def account(user: str, port: int, **more: object) -> dict[str, object]:
    return {
        "email": f"{user}@example.org",
        "user": user,
        "host": "localhost",
        "port": port,
        "private": True,
        "password": "pass",
        **more,
    }


def texts(ask: Ask, id_: str) -> list[str]:
    return [each["text"] for each in ask("GET", f"/v1/accounts/{id_}/logs")["items"]]


def until(ask: Ask, id_: str, condition: Callable[[list[str]], bool], what: str) -> list[str]:
    wait_until(lambda: condition(texts(ask, id_)), within=ANSWER, what=what)
    return texts(ask, id_)


@pytest.mark.parametrize("make", ["dovecot", "courier"])
def test_what_is_said_to_a_real_server_is_told_and_nothing_of_the_mail(
    make: str, ask: Ask, user: str, request: pytest.FixtureRequest
) -> None:
    """Tried before it is saved, then listened to: pushes, fetches, and a login as its way alone."""
    server: Dovecot | Courier = request.getfixturevalue(make)
    wish = account(user, server.tls_port, ca=server.ca_file.read_text())
    tried = ask("POST", "/v1/accounts/verify", wish)
    wrong = ask("POST", "/v1/accounts/verify", {**wish, "password": PASSWORD})
    ask("POST", "/v1/accounts", {**wish, "id": make})
    wait_until(
        lambda: ask("GET", f"/v1/accounts/{make}")["status"]["state"] == "live",
        within=ANSWER,
        what="the account to be live",
    )
    ask("POST", f"/v1/accounts/{make}/logs", {"seconds": 600})
    server.deliver(
        user,
        f"From: {WRITTEN} <{WRITTEN}@example.org>\r\nSubject: {WRITTEN}\r\n\r\n{BODY}\r\n".encode(),
    )
    until(ask, make, lambda said: any(" FETCH (" in each for each in said), "a fetch")
    ask("POST", f"/v1/accounts/{make}/reconnect")
    said = until(
        ask,
        make,
        lambda said: any(re.search(r" (LOGIN|AUTHENTICATE)\b.* …$", each) for each in said),
        "a login",
    )

    assert tried["isGood"], tried
    assert [wrong["isGood"], wrong["findings"][-1]["check"]] == [False, "login"]
    assert any("EXISTS" in each for each in said)
    assert any("octets}" in each for each in said)
    told = "\n".join(said) + json.dumps([tried, wrong])
    encoded = b64encode(f"\0{user}\0pass".encode()).decode()
    for planted in (WRITTEN, BODY, PASSWORD, encoded, f"{user}@example.org"):
        assert planted.casefold() not in told.casefold()


class Gossip(threading.Thread):
    """A server that says everything it knows, wherever a response has room for it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def close(self) -> None:
        # Whoever waits for the next connection is woken by this, and not by the end of the socket.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _talk(self, connection: socket.socket) -> None:
        known = [WRITTEN]
        # Whoever hangs up in the middle is the client: nothing is wrong with that.
        with suppress(OSError, ValueError), connection, connection.makefile("rwb") as stream:
            stream.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE] hello\r\n")
            stream.flush()
            # Three commands: of a longer talk the log would have the end alone.
            for line in islice(stream, 3):
                tag, _, rest = line.decode("latin-1").strip().partition(" ")
                known += rest.split()
                with suppress(ValueError):
                    known.append(
                        b64decode((rest.split() or [""])[-1]).decode("latin-1").replace("\0", " ")
                    )
                for each in (known[-1], PASSWORD, f'"{PASSWORD}"'):
                    stream.write(self._told(each))
                verb = rest.partition(" ")[0].upper()
                if verb == "IDLE":
                    stream.write(b"+ idling\r\n")
                elif tag.upper() != "DONE":
                    stream.write(f"{tag} OK [{PASSWORD}] {verb} {PASSWORD} {WRITTEN}\r\n".encode())
                stream.flush()

    @staticmethod
    def _told(text: str) -> bytes:
        octets = text.encode("latin-1")
        literal = b"{%d}\r\n%b" % (len(octets), octets)
        return b"".join(
            (
                b"* OK [ALERT] you said %b\r\n" % octets,
                b"* NO [%b] %b\r\n" % (octets, octets),
                b'* LIST (\\%b) "/" %b\r\n' % (octets, literal),
                b"* FLAGS (%b)\r\n" % octets,
                b'* ID ("name" %b)\r\n' % literal,
                b"* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN %b\r\n" % octets,
                b"* 1 FETCH (UID 1 FLAGS (%b) BODY[HEADER.FIELDS (%b)] %b)\r\n"
                % (octets, octets, literal),
                b"* STATUS %b (MESSAGES 1)\r\n" % literal,
                b"* %b\r\n" % octets,
                b"\x00\xff%b\r\n" % octets,
            )
        )


def test_a_server_that_tells_what_it_was_given_puts_nothing_into_the_log(ask: Ask) -> None:
    """The password in every place that a response has, whole, quoted and encoded; and in a try."""
    server = Gossip()
    server.start()
    try:
        wish = account("anna", server.port, encryption="plain", password=PASSWORD)
        tried = ask("POST", "/v1/accounts/verify", wish)
        ask("POST", "/v1/accounts", {**wish, "id": "gossip", "active": True})
        shown = ask("GET", "/v1/accounts/gossip")
        ask("POST", "/v1/accounts/gossip/logs", {"seconds": 600})
        ask("POST", "/v1/accounts/gossip/reconnect")
        said = until(
            ask,
            "gossip",
            lambda said: any(re.search(r" (LOGIN|AUTHENTICATE)\b", each) for each in said),
            "a login",
        )
        known = ask("GET", "/v1/accounts/gossip/diagnosis")
    finally:
        server.close()

    told = json.dumps([said, shown, tried, known]).casefold()
    encoded = b64encode(f"\0anna\0{PASSWORD}".encode()).decode()
    for planted in (PASSWORD, encoded[:24]):
        assert planted.casefold() not in told
    # What stands in the log is outlines; a finding may quote a server's own refusal of a folder.
    assert WRITTEN.casefold() not in "\n".join(said).casefold()
    assert max(map(len, said)) <= 200
