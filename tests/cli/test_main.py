"""The program as a whole: what it lists."""

from __future__ import annotations

import pytest

from vedette.cli.main import COMMANDS, main


@pytest.mark.parametrize("given", [[], ["--help"], ["-h"]])
def test_every_command_is_listed_with_what_it_does(
    given: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of commands says more than their names."""
    monkeypatch.setenv("COLUMNS", "200")

    assert main(given) == 0

    told = {
        words[0]: words[1:]
        for line in capsys.readouterr().out.splitlines()
        if (words := line.strip(" │").split()) and words[0] in COMMANDS
    }
    assert set(told) == set(COMMANDS)
    assert all(len(words) > 2 for words in told.values())
