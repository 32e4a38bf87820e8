"""What the tests of the commands share: a password in the environment, and a check of manners."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.run import Command, Done
from tests.support.dovecot import Dovecot
from tests.support.service import Ended, vedette
from vedette.cli.main import main

#: A password that no message, log line or file name would hold by chance.
SECRET = "hunter2-Zq81"

Watch = Callable[..., Ended]


@pytest.fixture
def watch(tmp_path: Path, dovecot: Dovecot) -> Watch:
    """Run ``vedette watch`` on the server of the tests, once, with a password of its own."""

    def run(url: str, *words: str, password: str = "pass", trusted: bool = True) -> Ended:
        ca_file = ("--ca-file", str(dovecot.ca_file)) if trusted else ()
        state = ("--state", str(tmp_path / "state"))
        return vedette(
            "watch", url, "--once", *state, *ca_file, *words, env={"VEDETTE_PASSWORD": password}
        )

    return run


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in the process of the test; what it prints is for a program.

    ``given`` is its standard input, ``key`` the API key in its environment.
    """
    for name in ("VEDETTE_SERVER", "VEDETTE_CONFIG", "VEDETTE_STORE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str, given: str = "", key: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        monkeypatch.setenv("VEDETTE_KEY", key)
        status = main(words)
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        assert SECRET not in told.out + told.err
        return Done(status=status, out=told.out, err=told.err)

    return run


def polite(ended: Ended) -> str:
    """Return the one line of a refusal; fail when it is more, less, or tells too much."""
    lines = ended.err.splitlines()
    assert "Traceback" not in ended.out + ended.err
    assert SECRET not in ended.out + ended.err
    assert len(lines) == 1, ended.err
    assert lines[0].startswith("vedette: ")
    return lines[0]
