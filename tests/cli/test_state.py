"""A state that can not be used, a configuration that is broken, and output that nobody reads."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import SECRET, Watch, polite
from tests.support.books import letter, new_token
from tests.support.dovecot import Dovecot
from tests.support.service import PATIENCE, Service, command, environment, vedette

pytestmark = pytest.mark.server

ACCOUNT = f'[accounts.box]\nurl = "imaps://anna@mail.example.org"\npassword = "{SECRET}"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('state = "x\n', "vedette.toml:1"),
        (ACCOUNT + 'foldrs = ["INBOX"]\n', "did you mean 'folders'?"),
        (ACCOUNT + "max_message = true\n", "vedette.toml:4: accounts.box.max_message"),
        (ACCOUNT.replace("password =", "password_env ="), "the environment has no variable"),
        (ACCOUNT + "[endpoints.hook]\n", "endpoints.hook.type: is missing"),
        ("[acounts.box]\n", "did you mean 'accounts'?"),
    ],
    ids=["syntax", "unknown key", "wrong type", "missing variable", "no type", "unknown table"],
)
def test_a_broken_configuration_names_file_line_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    """78, one line, and no secret of the file in it."""
    file = tmp_path / "vedette.toml"
    file.write_text(text)

    ended = vedette("serve", "--config", str(file))

    line = " ".join(ended.err.split())
    assert said in line
    assert "Traceback" not in line
    assert ended.err.count("\n") == 1
    assert ended.status == 78


def test_a_state_folder_that_can_not_be_made_is_named(
    watch: Watch, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """73: a file stands where the folder should be."""
    (tmp_path / "state").write_text("not a folder")

    ended = watch(f"imaps://{user}@localhost:{dovecot.tls_port}")

    assert str(tmp_path / "state") in polite(ended)
    assert ended.status == 73


def test_a_state_of_a_newer_version_is_left_alone(
    watch: Watch, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """78, and not one octet of it changes."""
    url = f"imaps://{user}@localhost:{dovecot.tls_port}"
    assert watch(url).status == 0
    file = tmp_path / "state" / "vedette.db"
    with sqlite3.connect(file) as state:
        state.execute("PRAGMA user_version = 9999")
        state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    state.close()
    before = file.read_bytes()

    ended = watch(url)

    polite(ended)
    assert ended.status == 78
    assert file.read_bytes() == before


def test_a_state_that_another_process_holds_is_refused(
    watch: Watch, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    """Two watches of one state: the second says so, the first goes on."""
    words = ["watch", f"imaps://{user}@localhost:{dovecot.tls_port}"]
    more = ["--verbose", "--state", str(tmp_path / "state"), "--ca-file", str(dovecot.ca_file)]
    with Service([*words, *more], folder=tmp_path, env={"VEDETTE_PASSWORD": "pass"}) as first:
        first.until_logged("account.watched")

        ended = watch(words[1])

        assert str(tmp_path / "state") in polite(ended)
        assert ended.status in {73, 75}
        first.send(signal.SIGTERM)
        assert first.ended() == 0


def test_a_closed_pipe_ends_the_watch(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    """As in ``vedette watch … | head -1``: no complaint, no process left behind."""
    for _ in range(3):
        dovecot.deliver(user, letter(new_token()))
    words = ["watch", f"imaps://{user}@localhost:{dovecot.tls_port}", "--last", "3", "--json"]
    more = ["--state", str(tmp_path / "state"), "--ca-file", str(dovecot.ca_file)]
    process = subprocess.Popen(
        command(*words, *more),
        env=environment(VEDETTE_PASSWORD="pass"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout, process.stderr:
        assert b"message.received" in process.stdout.readline()
        process.stdout.close()

        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""
