"""``vedette guard backtest`` on a real server: what would be done, and nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.servers.test_guard_serve import PACK, folders, offer
from tests.support.dovecot import Dovecot
from tests.support.service import account, vedette

pytestmark = pytest.mark.server

HAM = (
    b"From: Anna <anna@friends.example>\r\nSubject: Lunch\r\nMessage-ID: <l@x>\r\n\r\nAt noon?\r\n"
)
CLOSED = offer("closed").replace(b"free spins", b"Your account has been closed.")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Write a pack with its list beside it."""
    (tmp_path / "parlours.txt").write_text("lucky.example\n")
    path = tmp_path / "parlour.yaml"
    path.write_text(PACK.replace("{sources: [parlours.txt]}", "{entries: [lucky.example]}"))
    return path


def backtest(server: Dovecot, user: str, pack: Path, *words: str) -> tuple[int, str, str]:
    config = pack.parent / "vedette.toml"
    about = account(user, port=server.tls_port, ca_file=server.ca_file)
    config.write_text(f"[accounts.{user}]\n{about}")
    done = vedette(
        "guard", "backtest", user, "--pack", str(pack), *words,
        "--state", str(pack.parent / "state"), env={"VEDETTE_CONFIG": str(config)},
    )  # fmt: skip
    return done.status, done.out, done.err


def test_a_backtest_tells_what_would_be_moved_and_moves_nothing(
    dovecot: Dovecot, user: str, pack: Path
) -> None:
    """With the sum, the list and the reasons."""
    dovecot.deliver_many(user, [HAM, offer("one"), offer("two"), CLOSED])

    status, out, err = backtest(dovecot, user, pack, "--last", "10")

    assert (status, err) == (0, "")
    *lines, total = out.splitlines()
    assert total.startswith("would move 2 of 4, mark 1, delete 0; 1 were protected")
    assert len(lines) == 3
    assert "quarantine 9 = FROM_LISTED 6 (from:lucky.example, own) + OFFER 3" in lines[0]
    assert "capped by CLOSURE" in lines[2]
    assert folders(dovecot, user) == {"INBOX": 4}
    assert "\\Seen" not in dovecot.doveadm("fetch", "-u", user, "flags", "mailbox", "INBOX", "ALL")


def test_a_backtest_goes_back_as_far_as_it_is_told(dovecot: Dovecot, user: str, pack: Path) -> None:
    """By number, and by day."""
    dovecot.deliver_many(user, [offer(str(number)) for number in range(3)])

    _, last, _ = backtest(dovecot, user, pack, "--last", "1", "--json")
    _, since, _ = backtest(dovecot, user, pack, "--since", "30d", "--json")

    assert [json.loads(line)["uid"] for line in last.splitlines()] == [3]
    assert len(since.splitlines()) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "backtest needs --since or --last"),
        (("--since", "soon"), "--since: 'soon' is neither a date"),
        (("--last", "1", "--folder", "Nowhere"), "has no folder Nowhere"),
    ],
)
def test_a_backtest_that_can_not_be_says_so(
    dovecot: Dovecot, user: str, pack: Path, words: tuple[str, ...], said: str
) -> None:
    """In one line."""
    dovecot.deliver(user, HAM)

    status, out, err = backtest(dovecot, user, pack, *words)

    assert status != 0
    assert out == ""
    assert said in err
    assert "Traceback" not in err
