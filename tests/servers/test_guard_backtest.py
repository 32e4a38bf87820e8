"""``vedette guard backtest`` on a real server: what would be done, and nothing is."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.servers.test_guard_serve import PACK, folders, offer
from tests.support.dovecot import Dovecot
from tests.support.engine import blocking
from tests.support.service import account, vedette
from vedette.app.clock import SystemClock
from vedette.model.ids import AccountId
from vedette.ports.override import Allow
from vedette.store.sqlite.store import SqliteStore

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


@pytest.fixture
def sparing(pack: Path) -> Path:
    """Let the pack spare those whom the user wrote to."""
    known = "  KNOWN: {flag: user_has_written_to_sender, cap: flag}\n"
    pack.write_text(pack.read_text().replace("protect:\n", f"protect:\n{known}"))
    return pack


def of_two(server: Dovecot, user: str) -> None:
    """Deliver one offer of each of two senders of one domain."""
    hers = offer("hers").replace(b"a@news", b"anna@news")
    server.deliver_many(user, [hers, offer("other")])


def test_a_backtest_knows_whom_the_user_wrote_to(
    dovecot: Dovecot, user: str, sparing: Path
) -> None:
    """As the guard at its post does: her offer would be marked, the other one moved."""
    of_two(dovecot, user)
    sent = b"From: user@example.org\r\nTo: Anna <anna@news.lucky.example>\r\n\r\nStop.\r\n"
    dovecot.append(user, "Sent", sent, flags="\\Seen")

    status, out, err = backtest(dovecot, user, sparing, "--last", "10")

    assert (status, err) == (0, "")
    hers, other, total = out.splitlines()
    assert "capped by KNOWN" in hers
    assert "quarantine 9" in other
    assert total.startswith("would move 1 of 2, mark 1, delete 0; 1 were protected")
    assert folders(dovecot, user) == {"INBOX": 2, "Sent": 1}


def test_a_backtest_says_where_nothing_tells_whom_the_user_wrote_to(
    dovecot: Dovecot, user: str, sparing: Path
) -> None:
    """The list and the sum are for a stranger's mail then."""
    of_two(dovecot, user)

    status, out, err = backtest(dovecot, user, sparing, "--last", "10")

    assert status == 0
    assert err.startswith("note: parlour asks to whom the user wrote")
    assert out.splitlines()[-1].startswith("would move 2 of 2")


async def test_a_backtest_leaves_alone_whom_a_person_allowed(
    dovecot: Dovecot, user: str, pack: Path
) -> None:
    """An allow in the state holds, and the list says so."""
    store = SqliteStore(pack.parent / "state", SystemClock())
    await store.start()
    allowed = Allow(
        account=AccountId(user), guard="parlour", domain="news.lucky.example", at=1.0, source="user"
    )
    await store.allow(allowed)
    await store.stop()
    await blocking(of_two, dovecot, user)

    status, out, err = await asyncio.to_thread(backtest, dovecot, user, pack, "--last", "10")

    assert (status, err) == (0, "")
    *lines, total = out.splitlines()
    assert [" allowed: quarantine 9" in line for line in lines] == [True, True]
    assert total.startswith("would move 0 of 2, mark 0, delete 0; 0 were protected; 2 are of")


def test_a_backtest_judges_the_folders_that_the_guard_would(
    dovecot: Dovecot, user: str, pack: Path
) -> None:
    """Not where it moves mail to itself, though the account watches that."""
    dovecot.append(user, "Guard", offer("moved"))
    dovecot.deliver(user, offer("new"))

    words = ("--last", "10", "--folder", "INBOX", "--folder", "Guard", "--json")
    _, out, _ = backtest(dovecot, user, pack, *words)

    assert [json.loads(line)["folder"] for line in out.splitlines()] == ["INBOX"]


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
