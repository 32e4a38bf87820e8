"""A real installation moves from SQLite to Postgres between two mails, and nobody notices."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import polite
from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.postgres import Postgres
from tests.support.process import wait_until
from tests.support.receiver import Receiver
from tests.support.service import PATIENCE, Configuration, Service, account, vedette

pytestmark = pytest.mark.server


class Installation:
    """One mailbox, one webhook, and a state that moves."""

    def __init__(self, dovecot: Dovecot, user: str, folder: Path, receiver: Receiver) -> None:
        self._dovecot = dovecot
        self._user = user
        self.config = Configuration(
            file=folder / "vedette.toml",
            state=folder / "state",
            accounts={
                user: account(user, port=dovecot.tls_port, ca_file=dovecot.ca_file),
            },
            endpoints={"hook": f'type = "webhook"\nurl = "{receiver.url}"'},
        )
        self.config.write()

    def serving(self, *words: str) -> Service:
        return Service(
            ["serve", "--config", str(self.config.file), *words], folder=self.config.file.parent
        )

    def deliver(self, books: Books) -> None:
        token = new_token()
        books.expect([token])
        self._dovecot.deliver(self._user, letter(token))


def stop(service: Service) -> None:
    service.send(signal.SIGTERM)
    assert service.ended() == 0


def test_an_installation_moves_to_postgres_and_tells_each_mail_once(
    dovecot: Dovecot, user: str, tmp_path: Path, postgres: Postgres, database: str
) -> None:
    """What was told before is not told again; what came meanwhile, and what comes after, is."""
    books, url = Books(), postgres.url(database)
    with Receiver(books) as receiver:
        here = Installation(dovecot, user, tmp_path, receiver)
        with here.serving() as service:
            service.until_connected()
            for _ in range(3):
                here.deliver(books)
            wait_until(receiver.all_came, within=PATIENCE, what="mail of the first service")
            stop(service)
        here.deliver(books)

        copied = vedette(
            "store", "copy", "--config", str(here.config.file), env={"VEDETTE_STORE": url}
        )

        assert (copied.status, copied.err) == (0, "")
        proof = json.loads(copied.out)
        assert proof["rows"]["folder"] >= 1
        assert proof["rows"]["event"] == proof["rows"]["payload"] >= 3
        assert proof["wasDone"] is False
        with here.serving("--store", url) as service:
            service.until_connected()
            here.deliver(books)
            wait_until(receiver.all_came, within=PATIENCE, what="mail of the second service")
            stop(service)
    assert books.check().events == 5


def test_a_running_service_is_not_copied(
    dovecot: Dovecot, user: str, tmp_path: Path, postgres: Postgres, database: str
) -> None:
    """The command says who holds the state, in one line, and writes nothing."""
    with Receiver(Books()) as receiver:
        here = Installation(dovecot, user, tmp_path, receiver)
        with here.serving() as service:
            service.until_connected()
            copied = vedette(
                "store",
                "copy",
                "--state",
                str(here.config.state),
                "--store",
                postgres.url(database),
            )
            pid = service.process.pid
            stop(service)

    assert copied.status == 73
    assert f"in use by process {pid}: stop it" in polite(copied)


def test_a_database_that_can_not_be_reached_is_told_without_its_password(
    tmp_path: Path, dovecot: Dovecot, user: str
) -> None:
    """In one line: where it is, and not with which words one comes in."""
    with Receiver(Books()) as receiver:
        here = Installation(dovecot, user, tmp_path, receiver)
        with here.serving() as service:
            service.until_connected()
            stop(service)
    copied = vedette(
        "store",
        "copy",
        "--config",
        str(here.config.file),
        env={"VEDETTE_STORE": "postgres://vedette:hunter2-Zq81@127.0.0.1:1/nowhere"},
    )

    assert copied.status == 74
    assert "the database nowhere on 127.0.0.1:1 can not be reached" in polite(copied)
