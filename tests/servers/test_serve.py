"""The real ``vedette serve`` on a real server: reload, drain, and the second signal."""

from __future__ import annotations

import json
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from tests.support.receiver import Receiver
from tests.support.service import PATIENCE, Configuration, Service, account, vedette

pytestmark = pytest.mark.server


def configuration(server: Dovecot, folder: Path, *users: str) -> Configuration:
    return Configuration(
        file=folder / "vedette.toml",
        state=folder / "state",
        accounts={
            each: account(each, port=server.tls_port, ca_file=server.ca_file) for each in users
        },
        endpoints={"file": f'type = "file"\npath = "{folder / "events.jsonl"}"'},
    )


def serving(config: Configuration) -> Service:
    config.write()
    return Service(["serve", "--config", str(config.file)], folder=config.file.parent)


def logins(server: Dovecot, user: str) -> int:
    return sum(f"user=<{user}>" in line and "Login:" in line for line in server.log().splitlines())


def deliver(server: Dovecot, user: str, books: Books) -> None:
    token = new_token()
    books.expect([token])
    server.deliver(user, letter(token))


@pytest.mark.parametrize("way", ["change of the file", "SIGHUP"])
def test_a_reload_adds_and_removes_one_mailbox_and_touches_no_other(
    dovecot: Dovecot, user: str, tmp_path: Path, way: str
) -> None:
    """The one that stays keeps its login; the new one is watched, the old one logged out."""
    stays, goes, comes = f"{user}-stays", f"{user}-goes", f"{user}-comes"
    books = Books()
    with Receiver(books) as receiver:
        config = configuration(dovecot, tmp_path, stays, goes)
        config.endpoints["hook"] = f'type = "webhook"\nurl = "{receiver.url}"'
        with serving(config) as service:
            service.until_connected(accounts=2)
            text = config.accounts.pop(goes)
            config.accounts[comes] = text.replace(goes, comes)
            config.write()
            if way == "SIGHUP":
                service.send(signal.SIGHUP)
            service.until_connected(accounts=3)
            wait_until(lambda: not dovecot.session_pids(goes), within=PATIENCE, what="the logout")
            deliver(dovecot, stays, books)
            deliver(dovecot, comes, books)
            wait_until(receiver.all_came, within=PATIENCE, what="mail of both")

            assert logins(dovecot, stays) == 1
            service.send(signal.SIGTERM)
            assert service.ended() == 0
    assert books.check().events == 2


def test_a_broken_change_of_the_file_is_refused_and_the_watch_goes_on(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The refusal names file, line and key; the mail still comes."""
    books = Books()
    with Receiver(books) as receiver:
        config = configuration(dovecot, tmp_path, user)
        config.endpoints["hook"] = f'type = "webhook"\nurl = "{receiver.url}"'
        with serving(config) as service:
            service.until_connected()
            config.tail = "[tempo]\nprof = 3\n"
            config.write()
            service.until_logged("settings.refused")
            deliver(dovecot, user, books)
            wait_until(receiver.all_came, within=PATIENCE, what="the mail")

            assert "tempo.prof: is not known here; did you mean 'proof'?" in service.err
    assert books.check().events == 1


def test_sigterm_drains_and_says_goodbye_to_the_server(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """LOGOUT reaches the server, the status is 0, and the state is whole."""
    with serving(configuration(dovecot, tmp_path, user)) as service:
        service.until_connected()
        dovecot.deliver(user, letter(new_token()))
        service.send(signal.SIGTERM)

        assert service.ended() == 0
    wait_until(
        lambda: any(
            f"imap({user})" in line and "Logged out" in line for line in dovecot.log().splitlines()
        ),
        within=PATIENCE,
        what="LOGOUT in the server's log",
    )
    with sqlite3.connect(next((tmp_path / "state").glob("*.db*"))) as state:
        assert state.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    state.close()


def test_a_second_sigterm_exits_at_once(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """Impatience is allowed: 143, well before the drain could end."""
    config = configuration(dovecot, tmp_path, user)
    # An endpoint that never answers keeps the drain busy.
    config.endpoints["slow"] = 'type = "exec"\ncommand = "exec sleep 60"\ntimeout = 60.0'
    with serving(config) as service:
        service.until_connected()
        wait_until(
            lambda: "account.connected" in _read(tmp_path / "events.jsonl"),
            within=PATIENCE,
            what="an event on its way",
        )
        service.send(signal.SIGTERM)
        service.until_logged("service.draining")
        service.send(signal.SIGTERM)

        assert service.ended() == 143


def test_status_and_events_and_replay_tell_of_a_running_service(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The other commands read the state beside the service, and replay goes through it."""
    books = Books()
    with Receiver(books) as receiver:
        config = configuration(dovecot, tmp_path, user)
        config.endpoints["hook"] = f'type = "webhook"\nurl = "{receiver.url}"'
        with serving(config) as service:
            service.until_connected()
            deliver(dovecot, user, books)
            wait_until(receiver.all_came, within=PATIENCE, what="the mail")
            where = ("--config", str(config.file))

            def row() -> dict[str, object]:
                found: dict[str, object] = json.loads(vedette("status", "--json", *where).out)
                return found

            wait_until(lambda: row()["liveness"] == "live", within=PATIENCE, what="a proof on disk")
            events = vedette("events", "--type", "message.received", *where)
            replay = vedette("replay", "--account", user, "--type", "message.*", *where)
            wait_until(
                lambda: len(books.receipts) >= 2, within=PATIENCE, what="the replayed delivery"
            )

    assert events.status == 0
    assert json.loads(events.out)["data"]["subject"] == books.receipts[0].token
    assert (replay.status, replay.out) == (0, "queued 2 deliveries\n")
    assert books.receipts[0].id == books.receipts[1].id
    assert json.loads(vedette("status", "--json", *where).out)["liveness"] == "stopped"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
