"""The service is killed in the midst of each POST that writes: sent again, it has its effect once.

The kills fall right before and right after each of the three commits of such a request: the claim of
its idempotency key, its effect, its answer.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

import pytest

from tests.api.operations import GUARD
from tests.support.killed import ARM, ARMED
from tests.support.nursery import Nursery
from tests.support.process import wait_until
from tests.support.service import Service
from vedette.api.claims import CLAIM
from vedette.crashpoint import Crashpoint

#: Each POST that makes something, where that is listed, and what it is told.
MADE: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("/v1/tenants", {"name": "New"}),
    ("/v1/keys", {"name": "New", "scopes": ["admin"]}),
    ("/v1/accounts", {"email": "a@example.org", "host": "imap.example.org", "password": "p"}),
    ("/v1/endpoints", {"type": "webhook", "url": "https://hooks.example/"}),
    ("/v1/guards", {"text": GUARD}),
    ("/v1/oauth/apps", {"provider": "google", "clientId": "c", "clientSecret": "s"}),
)
#: Before and after which commit.
DEATHS: Final = [
    (point, visit) for visit in (1, 2, 3) for point in (Crashpoint.COMMITTING, Crashpoint.COMMITTED)
]


class AtSocket(HTTPConnection):
    """HTTP through the socket of a state."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


def ask(
    folder: Path, method: str, path: str, body: object = None, key: str = ""
) -> tuple[int, Any]:
    """Return the status and the JSON of an answer; 0 where the service died over it."""
    client = AtSocket(folder / "state" / "api.sock")
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    try:
        client.request(method, path, None if body is None else json.dumps(body), headers)
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())
    except (HTTPException, OSError):
        return 0, None
    finally:
        client.close()


@pytest.fixture(scope="module", name="nursery")
def _nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


def started(nursery: Nursery, folder: Path, fate: dict[str, Any] | None = None) -> Service:
    (folder / "vedette.toml").write_text(
        f'state = "{folder}/state"\n[api]\nlisten = "127.0.0.1:0"\n'
    )
    words = ["serve", "--config", str(folder / "vedette.toml")]
    return nursery.service(words, folder=folder, fate=fate)


@pytest.mark.parametrize(
    ("made", "death"), [*zip(MADE, DEATHS, strict=True)], ids=lambda each: str(each[0])
)
def test_a_post_that_was_killed_has_its_effect_once_when_it_is_sent_again(
    nursery: Nursery,
    tmp_path: Path,
    made: tuple[str, dict[str, Any]],
    death: tuple[Crashpoint, int],
) -> None:
    """It is answered within the time of a claim, and what it makes is there once."""
    (path, body), (point, visit) = made, death
    fate = {"point": point.value, "visit": visit, "armed": False}
    with started(nursery, tmp_path, fate) as service:
        service.until_logged("api.listening")
        before = len(ask(tmp_path, "GET", path)[1]["items"])
        service.send(ARM)
        service.until_logged(ARMED)
        ask(tmp_path, "POST", path, body, "one")
        assert service.ended() == -9

    with started(nursery, tmp_path) as service:
        service.until_logged("api.listening")
        told: list[tuple[int, Any]] = []

        def is_told() -> bool:
            told.append(ask(tmp_path, "POST", path, body, "one"))
            return told[-1][1]["code"] != "in_progress" if told[-1][0] == 409 else True

        wait_until(is_told, within=CLAIM + 10, what="another answer than in_progress")
        after = len(ask(tmp_path, "GET", path)[1]["items"])

    status, answer = told[-1]
    assert status == 201 or answer["code"] == "answer_lost"
    assert after == before + 1
