"""The real ``vedette serve`` with a guard: judged, moved, told, explained and taken back."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from tests.support.service import PATIENCE, Configuration, Service, account, vedette

pytestmark = pytest.mark.server

PACK = """\
guard: parlour
lists:
  own: {sources: [parlours.txt]}
symbols:
  FROM_LISTED: {stage: head, where: [from], in_list: own, score: 6}
  OFFER: {stage: body, where: [subject, text], phrases: ["free spins"], score: 3}
protect:
  CLOSURE: {where: [text], phrases: ["your account has been closed"], cap: flag}
actions:
  quarantine: {move: Guard, seen: true, retain: 30d}
  flag: {flag: $Parlour}
verdicts:
  - {do: quarantine, at: 6, need: FROM_LISTED}
  - {do: flag, at: 3}
"""

OFFER = (
    b"From: Lucky <a@news.lucky.example>\r\nSubject: %s\r\nMessage-ID: <%s@x>\r\n\r\nfree spins\r\n"
)


def offer(name: str) -> bytes:
    return OFFER % (name.encode(), name.encode())


def serving(server: Dovecot, folder: Path, user: str, *, mode: str) -> tuple[Service, Path]:
    (folder / "parlour.yaml").write_text(PACK)
    (folder / "parlours.txt").write_text("lucky.example\n")
    config = Configuration(
        file=folder / "vedette.toml",
        state=folder / "state",
        accounts={user: account(user, port=server.tls_port, ca_file=server.ca_file)},
        endpoints={"file": f'type = "file"\npath = "{folder / "events.jsonl"}"'},
    )
    config.tail = f'[guards.parlour]\npack = "parlour.yaml"\nmode = "{mode}"\n'
    config.write()
    return Service(["serve", "--config", str(config.file)], folder=folder), config.file


def folders(server: Dovecot, user: str) -> dict[str, int]:
    """Return how many messages each folder holds."""
    found: dict[str, int] = {}
    for held in server.holdings(user):
        found[held.folder] = found.get(held.folder, 0) + 1
    return found


def told(folder: Path, kind: str) -> list[dict[str, object]]:
    """Return the data of the events of a type that were delivered so far."""
    path = folder / "events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    events = [json.loads(line) for line in lines]
    return [event for event in events if event["type"] == kind]


def test_an_offer_is_moved_explained_and_taken_back(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """From the configuration to the mailbox, and all the way back."""
    service, file = serving(dovecot, tmp_path, user, mode="act")
    with service:
        service.until_connected()
        service.until_logged("list.updated")
        dovecot.deliver(user, offer("wins"))
        wait_until(lambda: bool(told(tmp_path, "action.applied")), within=PATIENCE, what="the move")
        moved = folders(dovecot, user)
        (received,) = told(tmp_path, "message.received")

        reasons = vedette("guard", "explain", str(received["id"]), "--config", str(file))
        listed = vedette("guard", "journal", "--config", str(file))
        undone = vedette("guard", "undo", json.loads(listed.out)["id"], "--config", str(file))
        wait_until(
            lambda: bool(told(tmp_path, "action.undone")), within=PATIENCE, what="the way back"
        )
        wait_until(
            lambda: len(told(tmp_path, "message.received")) == 2,  # it came again
            within=PATIENCE,
            what="the message that came back",
        )
        service.send(signal.SIGTERM)
        assert service.ended() == 0

    assert moved == {"Guard": 1}
    assert "quarantine 9 = FROM_LISTED 6 (from:lucky.example, parlours@" in reasons.out
    assert json.loads(listed.out)["state"] == "done"
    assert undone.out == "1 action is being taken back\n"
    # And nobody takes it a second time.
    assert folders(dovecot, user) == {"INBOX": 1}
    last = vedette("guard", "journal", "--config", str(file), "--only", "undone")
    assert json.loads(last.out)["guard"] == "parlour"


def test_a_guard_in_the_shadow_decides_and_touches_nothing(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The default for a new guard."""
    service, file = serving(dovecot, tmp_path, user, mode="shadow")
    with service:
        service.until_connected()
        service.until_logged("list.updated")
        dovecot.deliver(user, offer("wins"))
        wait_until(
            lambda: bool(told(tmp_path, "guard.decided")), within=PATIENCE, what="the decision"
        )
        service.send(signal.SIGTERM)
        assert service.ended() == 0

    assert folders(dovecot, user) == {"INBOX": 1}
    assert vedette("guard", "journal", "--config", str(file)).out == ""


def test_a_pack_that_is_wrong_keeps_the_service_from_starting(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """With the line of the mistake, as for all that is wrong in a configuration."""
    service, file = serving(dovecot, tmp_path, user, mode="act")
    (tmp_path / "parlour.yaml").write_text(PACK.replace("FROM_LISTED}", "FROM_LISTD}"))
    with service:
        assert service.ended() == 78

    assert "parlour.yaml:" in service.err
    assert "FROM_LISTD" in service.err
    assert "Traceback" not in service.err
    assert file.exists()


def test_a_sweep_that_is_asked_for_judges_what_is_there(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Mail of before the guard knew its sender; nobody is asked for an account that is not there."""
    service, file = serving(dovecot, tmp_path, user, mode="act")
    (tmp_path / "parlours.txt").write_text("other.example\n")
    where = ("--config", str(file))
    with service:
        service.until_connected()
        service.until_logged("list.updated")
        dovecot.deliver(user, offer("early"))
        wait_until(
            lambda: bool(told(tmp_path, "message.received")), within=PATIENCE, what="the message"
        )

        swept = vedette("guard", "sweep", "--account", user, *where)
        nobody = vedette("guard", "sweep", "--account", "nobody", *where)
        service.send(signal.SIGTERM)
        assert service.ended() == 0

    assert swept.out == "1 account is being swept\n"
    assert (nobody.status, "no account is named 'nobody'" in nobody.err) == (64, True)
