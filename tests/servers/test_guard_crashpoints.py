"""SIGKILL at every named point of an action, on a real Dovecot: it is done once, or not at all (C10-C12)."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import owned
from tests.support.books import new_token
from tests.support.dovecot import Dovecot
from tests.support.guards import ACTING, PACK, QUARANTINE, held, unwanted
from tests.support.nursery import Nursery, arm
from tests.support.postgres import Postgres
from tests.support.process import group_lives, wait_until
from tests.support.service import Configuration, Service, account
from vedette.crashpoint import Crashpoint

pytestmark = [pytest.mark.server, pytest.mark.slow]

#: What a server may lack, so that an action goes another way.
NOTHING = frozenset[str]()
MOVE = frozenset({"MOVE", "SEARCHRES"})
#: The points of an action, and which server comes by them.
POINTS = {
    Crashpoint.ACTION_PLANNED: (NOTHING, MOVE),
    Crashpoint.ACTION_SENT: (NOTHING, MOVE),
    Crashpoint.COPY_MADE: (MOVE,),
    Crashpoint.COPY_WRITTEN: (MOVE,),
    Crashpoint.ACTION_ANSWERED: (NOTHING, MOVE),
    Crashpoint.ACTION_TOLD: (NOTHING, MOVE),
}
CASES = [(point, lacks) for point, servers in POINTS.items() for lacks in servers]
#: Where the journal is behind what the server did; the others are drawn by ``make chaos``.
ON_POSTGRES = [
    (Crashpoint.ACTION_SENT, NOTHING),
    (Crashpoint.COPY_MADE, MOVE),
    (Crashpoint.ACTION_TOLD, NOTHING),
]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Start services quickly."""
    with Nursery() as made:
        yield made


@pytest.fixture(scope="module")
def lived_in(postgres: Postgres) -> str:
    """Return a database in which every shard is the instance's."""
    return asyncio.run(owned.prepare(postgres))


@pytest.fixture
async def copy(postgres: Postgres, lived_in: str) -> AsyncIterator[str]:
    """Return a database of the test's own, as ``lived_in``."""
    name = await postgres.make(template=lived_in)
    yield name
    await postgres.drop(name)


class Scene:
    """One mailbox with a guard, and a file that gets every event."""

    def __init__(
        self, nursery: Nursery, server: Dovecot, user: str, folder: Path, *, store: str = ""
    ) -> None:
        """``store`` is what the configuration says of it."""
        self.nursery = nursery
        self.server = server
        self.user = user
        self.folder = folder
        self.lines = folder / "events.jsonl"
        (folder / "unwanted.yaml").write_text(PACK)
        config = Configuration(
            file=folder / "vedette.toml",
            state=folder / "state",
            accounts={"box": account(user, port=server.tls_port, ca_file=server.ca_file)},
            endpoints={"file": f'type = "file"\npath = "{self.lines}"'},
        )
        config.tail = f"{ACTING}\n{store}"
        config.write()

    def life(self, fate: dict[str, object] | None = None) -> Service:
        words = ["serve", "--config", str(self.folder / "vedette.toml")]
        return self.nursery.service(words, folder=self.folder, fate=fate)

    def events(self, kind: str) -> list[dict[str, object]]:
        text = self.lines.read_text() if self.lines.exists() else ""
        whole = [line for line in text.splitlines() if line.endswith("}")]
        return [event for line in whole if (event := json.loads(line))["type"] == kind]

    def ids(self, kind: str) -> set[object]:
        return {event["id"] for event in self.events(kind)}


def die_and_recover(scene: Scene, point: Crashpoint) -> None:
    """Die at the first visit of a point, live again, and hold both sides against each other."""
    tokens = [new_token() for _ in range(3)]
    with scene.life({"point": point, "visit": 1, "armed": False}) as service:
        service.until_connected()
        arm(service)
        scene.server.deliver_many(scene.user, [unwanted(token) for token in tokens])
        assert service.ended(within=60) == -signal.SIGKILL, service.err[-2000:]
    wait_until(lambda: not group_lives(service.process.pid), within=60, what="its children to end")
    with scene.life() as service:
        service.until_connected()
        wait_until(
            lambda: len(scene.ids("action.applied")) >= len(tokens), within=60, what="all actions"
        )
        wait_until(
            lambda: len(scene.ids("message.received")) >= len(tokens), within=60, what="all mail"
        )
        service.send(signal.SIGTERM)
        assert service.ended() == 0, service.err[-2000:]

    assert {name: sorted(own) for name, own in held(scene.server, scene.user).items()} == {
        QUARANTINE: sorted(tokens)
    }
    assert len(scene.ids("action.applied")) == len(tokens)
    subjects = Counter(
        token
        for event in {json.dumps(each) for each in scene.events("message.received")}
        for token in set(re.findall(r"token-[0-9a-f]{16}", event))
    )
    assert set(subjects) == set(tokens)
    assert len(scene.ids("message.received")) == len(tokens)


@pytest.mark.parametrize(
    ("point", "lacks"), CASES, ids=[f"{p}{', no MOVE' if s else ''}" for p, s in CASES]
)
def test_a_death_during_an_action_leaves_it_done_once(
    point: Crashpoint,
    lacks: frozenset[str],
    make_dovecot: Callable[..., Dovecot],
    nursery: Nursery,
    user: str,
    tmp_path: Path,
) -> None:
    """After the next start each message lies in quarantine once, told and applied under one id."""
    server = make_dovecot(without=lacks)
    scene = Scene(nursery, server, user, tmp_path)
    die_and_recover(scene, point)


@pytest.mark.parametrize(("point", "lacks"), ON_POSTGRES, ids=[point for point, _ in ON_POSTGRES])
def test_a_death_during_an_action_on_postgres_leaves_it_done_once(
    point: Crashpoint,
    lacks: frozenset[str],
    make_dovecot: Callable[..., Dovecot],
    nursery: Nursery,
    postgres: Postgres,
    copy: str,
    user: str,
    tmp_path: Path,
) -> None:
    """Who comes back under its name finds in the database what it had begun, and ends it."""
    store = owned.settings(postgres.url(copy))
    scene = Scene(nursery, make_dovecot(without=lacks), user, tmp_path, store=store)
    die_and_recover(scene, point)


def test_every_point_of_an_action_has_its_deaths() -> None:
    """What is not here is in the test of a message's way."""
    own = {point for point in Crashpoint if point.value.startswith(("action-", "copy-"))}
    assert set(POINTS) == own
