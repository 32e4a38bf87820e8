"""Three instances on a real mail server and a real Postgres: one dies, one stands still, one goes."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ownership.instances import Instances, seconds, spread
from tests.support.dovecot import Dovecot
from tests.support.postgres import Postgres
from tests.support.process import wait_until

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(240)]

#: The promise: 99 % of the mailboxes of a dead instance idle again within it.
PROMISED = 20.0
NAMES = ("one", "two", "three")


@pytest.fixture
def instances(
    tmp_path: Path, dovecot: Dovecot, postgres: Postgres, database: str, user: str
) -> Iterator[Instances]:
    users = spread(user, 18, NAMES)
    with Instances(tmp_path, dovecot, postgres.url(database), users) as instances:
        yield instances


async def shared(instances: Instances) -> Counter[str | None]:
    """Start three instances, and return how many mailboxes each has once all have some."""
    instances.start_all(*NAMES)
    instances.deliver()
    instances.until_received()
    counts = Counter((await instances.owners()).values())
    assert set(counts) == set(NAMES)
    return counts


async def test_the_mailboxes_of_a_killed_instance_are_watched_within_twenty_seconds(
    instances: Instances,
) -> None:
    """Nothing is lost, nothing gets a second id, and the others watch what was the dead one's."""
    await shared(instances)
    orphans = {user for user, owner in (await instances.owners()).items() if owner == "two"}
    logs = {name: len(instances.services[name].err) for name in ("one", "three")}
    instances.services["two"].kill()
    killed = time.monotonic()
    instances.deliver(each=3)

    def taken() -> bool:
        names = [instances.watched(name, since=logs[name]) for name in logs]
        return orphans <= {user for each in names for user in each}

    wait_until(taken, within=60.0, what="the others to take over")

    assert seconds(killed) <= PROMISED
    instances.until_received()
    assert instances.doubles() == {}


async def test_an_instance_that_stood_still_writes_nothing_for_what_it_lost(
    instances: Instances,
) -> None:
    """Stopped for longer than its lifetime, it wakes up to what is another's, and lets go of it."""
    await shared(instances)
    mine = {user for user, owner in (await instances.owners()).items() if owner == "one"}
    stopped = instances.services["one"]
    epochs = {row["id"]: row["epoch"] for row in await instances.ask("SELECT * FROM shard")}
    stopped.send(signal.SIGSTOP)
    # What it had asked of the mail server is answered into the dark meanwhile.
    instances.deliver(each=2)
    others = [instances.services[name] for name in ("two", "three")]
    wait_until(
        lambda: sum(each.err.count('"owner.claimed"') for each in others) >= 4,
        within=40.0,
        what="the others to take over",
    )

    stopped.send(signal.SIGCONT)

    stopped.until_logged('"owner.lapsed"')
    instances.until_watched()
    instances.until_received()
    assert instances.doubles() == {}
    now = {row["id"]: row["epoch"] for row in await instances.ask("SELECT * FROM shard")}
    assert all(now[shard] >= epoch for shard, epoch in epochs.items())
    assert mine


async def test_an_instance_that_ends_hands_its_mailboxes_over(instances: Instances) -> None:
    """Told to end, it is gone in seconds, and no mailbox waits for a lease to run out."""
    await shared(instances)
    leaving = instances.services["three"]
    told = time.monotonic()
    leaving.send(signal.SIGTERM)

    assert leaving.ended() == 0

    assert seconds(told) < PROMISED
    instances.deliver(each=2)
    instances.until_watched(within=10.0)
    instances.until_received()
    assert set((await instances.owners()).values()) == {"one", "two"}
    assert instances.doubles() == {}


async def test_one_that_comes_back_gets_its_part_again(instances: Instances) -> None:
    """After a restart under the same name, every instance has mailboxes, and each has one session."""
    await shared(instances)
    instances.services["two"].kill()
    instances.start("two")

    instances.services["two"].until_connected()

    instances.until_watched()
    instances.deliver()
    instances.until_received()
    assert set((await instances.owners()).values()) == set(NAMES)
    assert instances.doubles() == {}


async def test_a_write_of_an_owner_whose_epoch_is_over_is_refused_and_counted(
    instances: Instances,
) -> None:
    """Its rows are made another's behind its back: the store refuses, and says for which mailbox."""
    await shared(instances)
    log = instances.services["one"]

    # It looks at the table every second, and may notice before a message comes.
    for _ in range(12):
        await instances.ask("UPDATE shard SET owner = 'two', epoch = epoch + 1 WHERE owner = 'one'")
        instances.deliver()
        instances.until_received()
        if '"account.fenced"' in log.err:
            break
        # Until what it should own is given back to it.
        wait_until(lambda: log.err.count('"owner.claimed"') > 1, within=60.0, what="a claim")

    log.until_logged('"account.fenced"', within=1.0)
    instances.until_watched()
    assert instances.doubles() == {}


async def test_a_database_that_is_away_moves_nothing_and_loses_nothing(
    tmp_path: Path, dovecot: Dovecot, make_postgres: Callable[..., Postgres], user: str
) -> None:
    """Everybody lets go, nobody buries the others, and each watches again what it had."""
    server = make_postgres(durable=True)
    url = server.url(await server.make())
    users = spread(user, 12, NAMES)
    with Instances(tmp_path, dovecot, url, users) as instances:
        await shared(instances)
        before = await instances.owners()
        server.kill()
        instances.deliver()
        for service in instances.services.values():
            service.until_logged('"owner.lapsed"', within=40.0)
        server.start()

        instances.deliver()
        # Every session begins anew, and each login waits for its turn.
        instances.until_received(within=120.0)

        instances.until_watched()
        assert await instances.owners() == before
        assert instances.doubles() == {}


async def test_a_database_that_starts_again_is_hardly_noticed(
    tmp_path: Path, dovecot: Dovecot, make_postgres: Callable[..., Postgres], user: str
) -> None:
    """A restart of a second or two costs no lease and no message."""
    server = make_postgres(durable=True)
    url = server.url(await server.make())
    users = spread(user, 12, NAMES)
    with Instances(tmp_path, dovecot, url, users) as instances:
        await shared(instances)
        instances.deliver(each=3)

        server.restart()

        instances.deliver(each=3)
        instances.until_received()
        logs = [each.err for each in instances.services.values()]
        assert not any('"owner.lapsed"' in log for log in logs)
        assert instances.doubles() == {}


async def test_a_rolling_restart_under_load_delays_no_message_by_ten_seconds(
    instances: Instances,
) -> None:
    """Each instance goes and comes back while mail arrives: at the 99th percentile within 10 s."""
    await shared(instances)
    mail = instances.load(pause=0.05)
    with mail:
        for name in NAMES:
            instances.services[name].send(signal.SIGTERM)
            assert instances.services[name].ended() == 0
            instances.restart(name)
            instances.services[name].until_connected()
    instances.until_received()

    ages = sorted(instances.ages())

    assert len(ages) > 200
    assert ages[int(len(ages) * 0.99)] <= 10.0
    assert instances.doubles() == {}
