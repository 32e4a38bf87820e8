"""The judgement on a round of chaos, from its books on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.chaos import history
from tests.support.guards import QUARANTINE

Rows: TypeAlias = list[dict[str, Any]]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda held, got: got.pop(), "lost 1"),
        (lambda held, got: got.append({**got[0], "id": "another"}), "second ids"),
        (lambda held, got: got[1].update(id=got[0]["id"]), "reused ids 1"),
        (lambda held, got: held.pop(0), "ghosts 1"),
        (lambda held, got: got.reverse(), "came after"),
        (lambda held, got: (held.clear(), got.clear()), "shows nothing"),
    ],
    ids=["lost", "second id", "reused id", "ghost", "out of order", "empty"],
)
def test_the_judgement_on_disk_sees(
    tmp_path: Path, spoil: Callable[[Rows, Rows], object], said: str
) -> None:
    """A fault in the books of a round is found by reading them again."""
    tokens = [f"token-{number:016x}" for number in range(3)]
    held = [_held(token, uid=uid) for uid, token in enumerate(tokens, 1)]
    got = [_got(token, uid=uid) for uid, token in enumerate(tokens, 1)]
    _write(tmp_path, held, got, [], [])
    assert history.judge(tmp_path) == []

    spoil(held, got)
    _write(tmp_path, held, got, [], [])

    assert said in "\n".join(history.judge(tmp_path))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda held, did, told: held.append({**held[0], "uid": 2}), "held in two places"),
        (lambda held, did, told: held[0].update(folder="INBOX"), "done and not moved"),
        (lambda held, did, told: did.append({**did[0], "id": "more"}), "moved twice"),
        (lambda held, did, told: did.clear(), "moved without an action"),
        (lambda held, did, told: did[0].update(state="intended"), "without a proper end"),
        (lambda held, did, told: told.clear(), "done and not told"),
        (lambda held, did, told: told[0].update(action="none"), "told and not done"),
        (lambda held, did, told: told.append({**told[0], "id": "other"}), "told under two ids"),
    ],
)
def test_the_judgement_on_disk_sees_an_action_that_was_not_done_once(
    tmp_path: Path, spoil: Callable[[Rows, Rows, Rows], object], said: str
) -> None:
    """A guard's move is one message in quarantine, one done entry and one told id, or a fault."""
    token = f"token-{0:016x}"
    held = [_held(token, folder=QUARANTINE)]
    got = [_got(token, uid=1)]
    did = [{"id": "act", "state": "done", "folder": "INBOX", "uid_validity": 7, "uid": 1}]
    told = [{"id": "applied", "action": "act"}]
    _write(tmp_path, held, got, did, told)
    assert history.judge(tmp_path) == []

    spoil(held, did, told)
    _write(tmp_path, held, got, did, told)

    assert said in "\n".join(history.judge(tmp_path))


def _held(token: str, *, folder: str = "INBOX", uid: int = 1) -> dict[str, Any]:
    return {
        "folder": folder,
        "uid_validity": 7,
        "uid": uid,
        "message_id": f"<{token}@example.org>",
    }


def _got(token: str, *, uid: int) -> dict[str, Any]:
    return {
        "id": f"event-{uid}",
        "type": "message.received",
        "account": "box",
        "folder": "INBOX",
        "uid_validity": 7,
        "uid": uid,
        "token": token,
        "seen_before": False,
        "at": 0.1,
    }


def _write(folder: Path, held: Rows, got: Rows, did: Rows, told: Rows) -> None:
    books = {history.HELD: held, history.JOURNAL: did}
    for name in history.RECEIVED:
        books |= {name: got, f"{history.TOLD}{name}": told}
    for name, rows in books.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
