"""Each receiver of the examples, posted to by a real serving Vedette."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.examples.program import PATIENCE, example, until_listening
from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.ports import free_port
from tests.support.process import wait_until
from tests.support.service import Configuration, Service, account, vedette
from vedette.outbox.signature import headers, key
from vedette.secret import Secret

pytestmark = pytest.mark.server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ADMIN = "admin-Zq81"


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A service that posts one mailbox's events to an example."""

    dovecot: Dovecot
    user: str
    folder: Path
    url: str

    @property
    def config(self) -> Path:
        return self.folder / "vedette.toml"

    @property
    def out(self) -> str:
        """What the example printed."""
        return (self.folder / "example.out").read_text()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the example's database."""
        with closing(sqlite3.connect(self.folder / "example.db", timeout=30)) as database:
            return database.execute(query).fetchall()

    def until(self, query: str, *expected: tuple[object, ...]) -> None:
        """Wait until the database answers so."""
        wait_until(lambda: self.rows(query) == list(expected), within=PATIENCE, what=f"{expected}")

    def deliver(self, octets: bytes) -> None:
        self.dovecot.deliver(self.user, octets)

    def replay(self) -> None:
        """Have everything sent once more, and wait until it was."""
        ended = vedette("replay", "--config", str(self.config), "--type", "message.*")
        assert (ended.status, ended.err) == (0, "")
        wait_until(lambda: not self._waiting(), within=PATIENCE, what="the replay")

    def _waiting(self) -> list[str]:
        ended = vedette("deliveries", "--config", str(self.config), "--json", "--due")
        assert ended.status == 0
        return ended.out.splitlines()


@contextmanager
def posted(
    name: str, more: str, path: str, *, dovecot: Dovecot, user: str, folder: Path, words: list[str]
) -> Iterator[Posted]:
    port = free_port()
    url = f"http://127.0.0.1:{port}{path}"
    configuration = Configuration(
        file=folder / "vedette.toml",
        state=folder / "state",
        accounts={"box": account(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)},
        endpoints={"hook": f'type = "webhook"\nurl = "{url}"\nsecret = "{SECRET}"\n{more}'},
    )
    configuration.write()
    serve = ["serve", "--config", str(configuration.file)]
    secrets = {"SECRET": SECRET, "ADMIN_SECRET": ADMIN}
    with example(name, str(port), *words, out=folder / "example.out", env=secrets):
        until_listening(port)
        with Service(serve, folder=folder) as service:
            service.until_connected()
            yield Posted(dovecot=dovecot, user=user, folder=folder, url=url)


def answer(url: str, body: bytes, given: Mapping[str, str]) -> int:
    """Post by hand and return the status."""
    request = urllib.request.Request(url, body, {**given, "content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def strangers(url: str, body: bytes = b"{}") -> list[int]:
    """Return what those get who do not have the secret, or are late, or changed the body."""
    now = time.time()
    signed = dict(headers([key(Secret(SECRET))], message="an-id", timestamp=now, body=body))
    late = headers([key(Secret(SECRET))], message="an-id", timestamp=now - 3600, body=body)
    other = headers([key(Secret(SECRET[:-4] + "AAAA"))], message="an-id", timestamp=now, body=body)
    admin = {"x-admin-secret": ADMIN}
    return [
        answer(url, body, admin),
        answer(url, body + b" ", {**signed, **admin}),
        answer(url, body, {**late, **admin}),
        answer(url, body, {**other, **admin}),
        answer(url, body, {**signed, **admin, "webhook-signature": "nonsense"}),
    ]


@pytest.mark.parametrize("name", ["stdlib_receiver.py", "fastapi_receiver.py"])
def test_a_receiver_keeps_each_event_once(
    dovecot: Dovecot, user: str, tmp_path: Path, name: str
) -> None:
    """Two mails and a replay are two events; a stranger's request is none."""
    tokens = [new_token(), new_token()]
    database = str(tmp_path / "example.db")
    with posted(
        name,
        'events = ["message.received"]',
        "/events",
        dovecot=dovecot,
        user=user,
        folder=tmp_path,
        words=[database],
    ) as it:
        for token in tokens:
            it.deliver(letter(token))
        it.until("SELECT count(*) FROM event", (2,))
        it.replay()

        assert it.rows("SELECT count(*) FROM event") == [(2,)]
        bodies = [json.loads(body) for (body,) in it.rows("SELECT body FROM event")]
        found = " ".join(body["data"]["subject"] for body in bodies)
        assert all(token in found for token in tokens)
        assert strangers(it.url) == [401] * 5
        if name == "fastapi_receiver.py":
            it.until("SELECT count(*) FROM event WHERE done", (2,))
            assert it.out.count("message.received") == 2


def mail(subject: str, message: str, *fields: str) -> bytes:
    """Return a mail with a Message-ID and some more fields."""
    lines = [
        "From: Bert <bert@example.net>",
        "To: support@example.org",
        f"Subject: {subject}",
        f"Message-ID: <{message}>",
        *fields,
        "",
        "Please help.",
    ]
    return "\r\n".join(lines).encode()


def test_a_helpdesks_consumer_makes_tickets_and_comments(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """A mail is a ticket, its answer a comment of it, a repeat is nothing, a robot reopens nothing."""
    with posted(
        "inbound_email_consumer.py",
        'profile = "inbound-email-received"\nordered = true',
        "/events",
        dovecot=dovecot,
        user=user,
        folder=tmp_path,
        words=[str(tmp_path / "example.db")],
    ) as it:
        it.deliver(mail("Printer on fire", "a@example.net"))
        it.deliver(mail("Re: Printer on fire", "b@example.net", "In-Reply-To: <a@example.net>"))
        it.deliver(mail("Another thing", "c@example.net"))
        it.until("SELECT count(*) FROM comment", (3,))
        with closing(sqlite3.connect(tmp_path / "example.db")) as tickets, tickets:
            tickets.execute("UPDATE ticket SET open = 0")
        robot = ("References: <a@example.net> <b@example.net>", "Auto-Submitted: auto-replied")
        it.deliver(mail("Out of office", "d@example.net", *robot))
        it.until("SELECT count(*) FROM comment", (4,))
        it.replay()

        assert it.rows("SELECT title, requester, open FROM ticket ORDER BY id") == [
            ("Printer on fire", "bert@example.net", 0),
            ("Another thing", "bert@example.net", 0),
        ]
        assert it.rows("SELECT ticket, message FROM comment ORDER BY rowid") == [
            (1, "a@example.net"),
            (1, "b@example.net"),
            (2, "c@example.net"),
            (1, "d@example.net"),
        ]
        assert strangers(it.url) == [401] * 5


def test_a_scan_is_triggered_behind_both_secrets(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """New mail is a scan of its mailbox, a replay is none, and a stranger starts nothing."""
    with posted(
        "scan_trigger.py",
        'events = ["message.received"]\ndepth = "metadata"\n'
        f'[endpoints.hook.headers]\nx-admin-secret = "{ADMIN}"',
        "/api/mail/scan-internal",
        dovecot=dovecot,
        user=user,
        folder=tmp_path,
        words=[],
    ) as it:
        it.deliver(letter(new_token()))
        wait_until(lambda: "scanned box" in it.out, within=PATIENCE, what="a scan")
        before = it.out
        it.replay()

        assert strangers(it.url) == [401] * 5
        body = b"{}"
        signed = headers([key(Secret(SECRET))], message="i", timestamp=time.time(), body=body)
        assert answer(it.url, body, signed) == 401
        assert answer(it.url, body, {**signed, "x-admin-secret": "another"}) == 401
        assert it.out.count("scanned") == before.count("scanned") == 1
