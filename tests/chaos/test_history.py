"""The judgement on a round of chaos, from its books on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.chaos import history

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
    held = [
        {"folder": "INBOX", "uid_validity": 7, "uid": uid, "message_id": f"<{token}@example.org>"}
        for uid, token in enumerate(tokens, 1)
    ]
    got = [
        {
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
        for uid, token in enumerate(tokens, 1)
    ]
    _write(tmp_path, held, got)
    assert history.judge(tmp_path) == []

    spoil(held, got)
    _write(tmp_path, held, got)

    assert said in "\n".join(history.judge(tmp_path))


def _write(folder: Path, held: Rows, got: Rows) -> None:
    for name, rows in ((history.HELD, held), *((each, got) for each in history.RECEIVED)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
