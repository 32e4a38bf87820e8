"""``vedette serve --workers``: several instances on one machine, started and ended together."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ownership.instances import Instances, spread
from tests.support.dovecot import Dovecot
from tests.support.postgres import Postgres
from tests.support.process import wait_until
from tests.support.service import Service, vedette

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]


@pytest.fixture
def place(
    tmp_path: Path, dovecot: Dovecot, postgres: Postgres, database: str, user: str
) -> Iterator[Instances]:
    users = spread(user, 8, ("host/1", "host/2"))
    with Instances(tmp_path, dovecot, postgres.url(database), users) as place:
        yield place


def started(place: Instances) -> Service:
    file = place.configured("host")
    words = ["serve", "--config", str(file), "--workers", "2"]
    service = Service(words, folder=file.parent)
    place.services["host"] = service
    return service


def pids(service: Service) -> dict[int, int]:
    """Return the process of each worker, as it was started last."""
    lines = [json.loads(line) for line in service.err.splitlines() if "worker.started" in line]
    return {int(each["worker"]): int(each["pid"]) for each in lines}


def is_there(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


async def test_workers_share_the_mailboxes_and_end_together(place: Instances) -> None:
    """Each mailbox has one session, each worker has some, and SIGTERM leaves nothing running."""
    with started(place) as service:
        service.until_connected(accounts=len(place.users))
        place.until_watched()
        place.deliver(each=2)
        place.until_received()
        owners = set((await place.owners()).values())
        workers = pids(service)

        service.send(signal.SIGTERM)

        assert service.ended() == 0
        assert owners == {"host/1", "host/2"}
        assert not any(is_there(pid) for pid in workers.values())
        assert place.doubles() == {}


def test_a_worker_that_dies_is_started_again(place: Instances) -> None:
    """Its mailboxes are watched again, by itself, without a wait for its lease to end."""
    with started(place) as service:
        service.until_connected(accounts=len(place.users))
        place.until_watched()
        dead = pids(service)[2]

        os.kill(dead, signal.SIGKILL)

        wait_until(lambda: pids(service)[2] != dead, within=20, what="a new worker")
        place.until_watched()
        place.deliver()
        place.until_received()
        service.send(signal.SIGTERM)
        assert service.ended() == 0


def test_workers_end_with_the_one_who_started_them(place: Instances) -> None:
    """When it is killed, they drain by themselves: nobody else would start them again."""
    with started(place) as service:
        service.until_connected(accounts=len(place.users))
        workers = pids(service)

        service.kill()

        wait_until(
            lambda: not any(is_there(pid) for pid in workers.values()),
            within=40,
            what="the workers to end",
        )


def test_a_worker_that_can_not_run_ends_all(place: Instances, tmp_path: Path) -> None:
    """What no new start would change is not tried again; its exit status is that of all."""
    file = place.configured("host")
    (file.parent / "state").mkdir()
    # The folder of the second worker can not be made.
    (file.parent / "state" / "worker-2").write_text("in the way")

    ended = vedette("serve", "--config", str(file), "--workers", "2")

    assert ended.status == 73
    assert "worker-2" in ended.err


def test_workers_on_sqlite_are_refused_in_one_line(tmp_path: Path) -> None:
    """SQLite has one writer: whoever asks for more is told what they need."""
    file = tmp_path / "vedette.toml"
    file.write_text(f'state = "{tmp_path / "state"}"\n')

    ended = vedette("serve", "--config", str(file), "--workers", "2")

    assert ended.status == 64
    assert ended.err.count("\n") == 1
    assert "--store" in ended.err


@pytest.mark.parametrize("words", [["--workers", "0"], ["--store", "mysql://db/x"]])
def test_words_that_make_no_sense_are_refused(tmp_path: Path, words: list[str]) -> None:
    """Neither no worker nor another kind of database is run."""
    file = tmp_path / "vedette.toml"
    file.write_text(f'state = "{tmp_path / "state"}"\n')

    assert vedette("serve", "--config", str(file), *words).status == 64
