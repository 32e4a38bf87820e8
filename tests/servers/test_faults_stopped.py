"""Our own process is stopped for a while and goes on: what came meanwhile comes, and once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from tests.support.receiver import Receiver
from tests.support.service import PATIENCE, Configuration, Service, account

pytestmark = pytest.mark.server


def test_a_service_that_was_stopped_goes_on_where_it_stood(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """SIGSTOP, mail, sessions ended by the server meanwhile, SIGCONT: all mail, one id each."""
    with Receiver(Books()) as receiver:
        config = Configuration(
            file=tmp_path / "vedette.toml",
            state=tmp_path / "state",
            accounts={"box": account(user, port=dovecot.tls_port, ca_file=dovecot.ca_file)},
            endpoints={"hook": f'type = "webhook"\nurl = "{receiver.url}"'},
        )
        config.write()
        with Service(["serve", "--config", str(config.file)], folder=tmp_path) as service:
            service.until_connected()
            deliver(dovecot, user, receiver, 3)
            service.send(signal.SIGSTOP)
            deliver(dovecot, user, receiver, 3)
            end_sessions(dovecot, user)
            deliver(dovecot, user, receiver, 3)
            service.send(signal.SIGCONT)
            wait_until(receiver.all_came, within=PATIENCE, what="all mail")
            service.send(signal.SIGTERM)
            assert service.ended() == 0
        assert receiver.books.check().events == 9


def deliver(server: Dovecot, user: str, receiver: Receiver, count: int) -> None:
    tokens = [new_token() for _ in range(count)]
    with receiver.lock:
        receiver.books.expect(tokens)
    server.deliver_many(user, [letter(token) for token in tokens])


def end_sessions(server: Dovecot, user: str) -> None:
    """Let the server give up on a client that does not read."""
    for pid in server.session_pids(user):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not server.session_pids(user), within=PATIENCE, what="the sessions' end")
