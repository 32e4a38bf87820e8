"""The disk under the state fills up or goes read-only below a running service: nothing is lost."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.state_disk import LoopDisk, loop_disk, small
from tests.store.disks import fill, make_read_only
from tests.support.books import Books, letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from tests.support.receiver import Receiver
from tests.support.service import PATIENCE, Configuration, Service, account, vedette

pytestmark = pytest.mark.server

#: Room for the state of a mailbox with a few dozen messages, in KiB: 1.2 MB of database, and as much
#: log beside it before it is copied back. In 2 MiB the state alone fills the disk.
SMALL = 4096
#: A text that makes an event of 20 KB: a full disk is felt at once.
TEXT = (b"word " * 15 + b"\r\n") * 260


def configuration(server: Dovecot, user: str, folder: Path, disk: Path, url: str) -> Configuration:
    """Write a configuration whose state lies on the disk and whose log does not."""
    config = Configuration(
        file=folder / "vedette.toml",
        state=disk / "state",
        accounts={"box": account(user, port=server.tls_port, ca_file=server.ca_file)},
        endpoints={"hook": f'type = "webhook"\nurl = "{url}"'},
    )
    config.write()
    return config


def deliver(server: Dovecot, user: str, receiver: Receiver, count: int) -> None:
    tokens = [new_token() for _ in range(count)]
    with receiver.lock:
        receiver.books.expect(tokens)
    server.deliver_many(user, [letter(token, body=TEXT) for token in tokens])


def test_a_disk_that_fills_up_pauses_the_service_and_no_more(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It says so, tries now and then, and goes on by itself once there is room: all mail comes."""
    with small(tmp_path / "disk", SMALL) as disk, Receiver(Books()) as receiver:
        config = configuration(dovecot, user, tmp_path, disk, receiver.url)
        with Service(["serve", "--config", str(config.file)], folder=tmp_path) as service:
            service.until_connected()
            deliver(dovecot, user, receiver, 2)
            wait_until(receiver.all_came, within=PATIENCE, what="mail before")
            ballast = fill(disk / "ballast")
            deliver(dovecot, user, receiver, 20)
            service.until_logged("no space is left", times=2)
            # A pause of five seconds between two tries is no circle.
            assert service.err.count('"account.failed"') <= 4
            assert not receiver.all_came()

            ballast.unlink()
            wait_until(receiver.all_came, within=PATIENCE, what="all mail")
            deliver(dovecot, user, receiver, 1)
            wait_until(receiver.all_came, within=PATIENCE, what="mail after")
            wait_until(
                lambda: state(config) == "live", within=PATIENCE, what="a state that is well"
            )
            service.send(signal.SIGTERM)
            assert service.ended() == 0
    verdict = receiver.books.check()
    assert verdict.events == 23


def state(config: Configuration) -> object:
    """Return what ``vedette status`` says of the account."""
    return json.loads(vedette("status", "--json", "--config", str(config.file)).out)["liveness"]


def test_a_read_only_disk_at_the_start_is_one_clear_line(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The folder is named, and the status is that of an output that can not be created."""
    with small(tmp_path / "disk", SMALL) as disk:
        config = configuration(dovecot, user, tmp_path, disk, "http://127.0.0.1:9/")
        make_read_only(disk)
        ended = vedette("serve", "--config", str(config.file))

    assert ended.status == 73
    assert ended.err.count("\n") == 1
    assert str(disk / "state") in ended.err


@contextmanager
def broken_below(
    server: Dovecot, user: str, folder: Path
) -> Iterator[tuple[Service, LoopDisk, Receiver]]:
    """Give a service that had its first two messages; after it ends, mend the disk and run anew."""
    with loop_disk(folder / "disk") as disk, Receiver(Books()) as receiver:
        config = configuration(server, user, folder, disk.folder, receiver.url)
        with Service(["serve", "--config", str(config.file)], folder=folder) as service:
            service.until_connected()
            deliver(server, user, receiver, 2)
            wait_until(receiver.all_came, within=PATIENCE, what="mail before")
            yield service, disk, receiver
        disk.repair()
        finish(config, receiver, folder)


def test_a_disk_that_fails_to_sync_ends_the_service_with_one_line(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """No second sync is believed: 74, and the next run on a sound disk has all mail."""
    with broken_below(dovecot, user, tmp_path) as (service, disk, receiver):
        disk.fail_to_sync()
        deliver(dovecot, user, receiver, 20)

        assert service.ended() == 74
        assert "failed to sync" in service.err.splitlines()[-1]
    assert receiver.books.check().events == 22


def test_a_disk_that_goes_read_only_pauses_the_service(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """It tries now and then, its end is orderly, and the next run on a sound disk has all mail."""
    with broken_below(dovecot, user, tmp_path) as (service, disk, receiver):
        disk.go_read_only()
        deliver(dovecot, user, receiver, 2)
        wait_until(lambda: has_noticed(service), within=PATIENCE, what="a service that knows")
        assert service.err.count('"account.failed"') <= 4
        if service.process.poll() is None:
            service.send(signal.SIGTERM)
        # 74 where a sync was under way at that moment: that one is never forgiven.
        assert service.ended() in {0, 74}
        assert "Traceback" not in service.err
    assert receiver.books.check().events == 4


def has_noticed(service: Service) -> bool:
    """Tell whether a service tried to go on twice, or ended."""
    return service.err.count('"account.failed"') >= 2 or service.process.poll() is not None


def finish(config: Configuration, receiver: Receiver, folder: Path) -> None:
    """Run once more until everything came."""
    with Service(["serve", "--config", str(config.file)], folder=folder) as service:
        service.until_connected()
        wait_until(receiver.all_came, within=PATIENCE, what="all mail")
        service.send(signal.SIGTERM)
        assert service.ended() == 0
