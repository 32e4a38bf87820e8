"""What the tests of the commands share: a password in the environment, and a check of manners."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.dovecot import Dovecot
from tests.support.service import Ended, vedette

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


def polite(ended: Ended) -> str:
    """Return the one line of a refusal; fail when it is more, less, or tells too much."""
    lines = ended.err.splitlines()
    assert "Traceback" not in ended.out + ended.err
    assert SECRET not in ended.out + ended.err
    assert len(lines) == 1, ended.err
    assert lines[0].startswith("vedette: ")
    return lines[0]
