"""A model is trained on folders of a real server, and what it thinks never acts alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus import generate
from tests.corpus.family import Label, Split
from tests.servers.test_guard_serve import folders, told
from tests.support.dovecot import Dovecot
from tests.support.process import wait_until
from tests.support.service import PATIENCE, Configuration, Service, account, vedette

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]

#: Flags what the model suspects only beside evidence; `FREE` is what else may speak against mail.
PACK = """\
guard: learner
symbols:
  LEARNED: {classifier: learned, map: {0.1: 2}, score: 2}
  FREE: {where: subject, phrases: [zebra], score: 3}
verdicts:
  - {do: quarantine, at: 5, need: FREE}
actions:
  quarantine: {move: Guard, retain: 30d}
"""

PER_FAMILY = 4


def letters(label: Label) -> list[bytes]:
    return [each.raw for each in generate.messages(Split.DEVELOP, each=PER_FAMILY, label=label)]


def fill(server: Dovecot, user: str, folder: str, mail: list[bytes]) -> None:
    with server.client(user) as client:
        client.create(folder)
        for raw in mail:
            assert client.append(folder, "", "", raw)[0] == "OK"


def configured(server: Dovecot, user: str, folder: Path) -> Configuration:
    config = Configuration(
        file=folder / "vedette.toml",
        state=folder / "state",
        accounts={user: account(user, port=server.tls_port, ca_file=server.ca_file)},
        endpoints={"file": f'type = "file"\npath = "{folder / "events.jsonl"}"'},
    )
    (folder / "learner.yaml").write_text(PACK)
    config.tail = '[guards.learner]\npack = "learner.yaml"\nmode = "act"\n'
    config.write()
    return config


def test_what_was_learned_tips_a_balance_and_moves_nothing_alone(
    dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """The same offer is left while only the model suspects it, and moved when more speaks against it."""
    fill(dovecot, user, "Unwanted", letters(Label.GAMBLING))
    fill(dovecot, user, "Kept", letters(Label.HAM))
    config = configured(dovecot, user, tmp_path)
    words = ("--yes", "Unwanted", "--no", "Kept", "--config", str(config.file))
    trained = vedette("guard", "train", user, *words, env={"VEDETTE_CONFIG": str(config.file)})
    assert (trained.status, trained.err) == (0, "")
    assert "senders that it did not learn from" in trained.out

    offer = letters(Label.GAMBLING)[0].partition(b"\r\n\r\n")[2]
    head = (
        b"From: a@b.example\r\nSubject: %s\r\nMessage-ID: <%s@b.example>\r\nMIME-Version: 1.0\r\n"
    )
    kind = letters(Label.GAMBLING)[0].partition(b"Content-Type:")[2].partition(b"\r\n\r\n")[0]
    raw = (
        head
        + b"Content-Type:"
        + kind.replace(b"%", b"%%")
        + b"\r\n\r\n"
        + offer.replace(b"%", b"%%")
    )
    with Service(["serve", "--config", str(config.file)], folder=tmp_path) as service:
        service.until_connected()
        dovecot.deliver(user, raw % (b"hello", b"alone"))
        dovecot.deliver(user, raw % (b"zebra", b"tipped"))
        wait_until(lambda: bool(told(tmp_path, "action.applied")), within=PATIENCE, what="the move")
        wait_until(
            lambda: len(told(tmp_path, "message.received")) == 2, within=PATIENCE, what="both"
        )
    decided = [each["data"] for each in told(tmp_path, "guard.decided")]
    assert [each["explanation"] for each in decided] == [  # type: ignore[index]
        "quarantine 5 = FREE 3 (subject:zebra) + LEARNED 2 (learned)"
    ]
    held = folders(dovecot, user)
    assert (held["INBOX"], held["Guard"]) == (1, 1)


def test_a_folder_that_is_not_there_is_told(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """Nothing is written."""
    config = configured(dovecot, user, tmp_path)
    words = ("--yes", "Nowhere", "--no", "INBOX", "--config", str(config.file))
    done = vedette("guard", "train", user, *words, env={"VEDETTE_CONFIG": str(config.file)})
    assert (done.status, done.out) == (64, "")
    assert "there is no folder 'Nowhere'" in done.err
    assert not (tmp_path / "state" / "models").exists()
