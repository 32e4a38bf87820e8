"""The commands that the guide to the API shows work, in their order, on a state of one's own.

Those that need a service are run by ``test_over_a_service.py``.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.run import Command
from tests.house.tree import ROOT, snippets

GUIDE = ROOT / "docs" / "guides" / "api.md"


def shown(first: str) -> list[list[str]]:
    """Return the commands of the block of the guide that begins with these words."""
    [block] = [
        each
        for each in snippets("console")
        if each.document == GUIDE and each.text.startswith(f"$ vedette {first}")
    ]
    return [shlex.split(line.removeprefix("$ "))[1:] for line in block.text.splitlines()]


def test_the_commands_of_the_guide_work(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as it is written, one after the other."""
    monkeypatch.setenv("VEDETTE_PASSWORD", "secret")
    monkeypatch.chdir(tmp_path)
    Path("accounts.csv").write_text("email,host,password\na@example.org,imap.example.org,secret\n")
    words = shown("tenants add")

    done = [command(*each, "--state", "state") for each in words]

    assert [each.err for each in done if each.status] == []
    assert len(done) > 5
    assert Path("helpdesk.key").read_text().startswith("vdt_")
