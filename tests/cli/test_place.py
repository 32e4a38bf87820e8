"""Where the commands find the state: without the secrets of the service that writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.cli.database import database_of
from vedette.cli.mailbox import Wanted, settings_of
from vedette.cli.place import state_of
from vedette.errors import ConfigError, UsageError
from vedette.model.account import Beginning, Depth, Start
from vedette.ports.link import TlsPolicy

CONFIGURATION = """
state = "kept"

[accounts.anna]
url = "imaps://anna@mail.example.org"
password_env = "NOT_IN_THIS_SHELL"
"""


def test_looking_at_the_state_needs_no_password(tmp_path: Path) -> None:
    """The state folder is found although a secret of the configuration is out of reach."""
    file = tmp_path / "vedette.toml"
    file.write_text(CONFIGURATION)

    assert state_of(file, None) == tmp_path / "kept"


def test_a_given_folder_needs_no_configuration(tmp_path: Path) -> None:
    """With the state folder named, no file is looked for."""
    assert state_of(None, tmp_path) == tmp_path


def test_a_broken_configuration_is_told(tmp_path: Path) -> None:
    """A file that is no TOML is an error with its line."""
    file = tmp_path / "vedette.toml"
    file.write_text("state = \n")

    with pytest.raises(ConfigError, match=r"vedette\.toml:1: "):
        state_of(file, None)


def test_the_command_line_speaks_louder_than_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options beside an account's name replace what the file says, and nothing else does."""
    file = tmp_path / "vedette.toml"
    file.write_text(CONFIGURATION)
    monkeypatch.setenv("NOT_IN_THIS_SHELL", "pass")
    monkeypatch.setenv("VEDETTE_CONFIG", str(file))
    beginning = Beginning(start=Start.LAST, count=3)

    (plain,) = settings_of(Wanted(mailbox="anna"), tmp_path).accounts
    (told,) = settings_of(
        Wanted(
            mailbox="anna",
            folders=("Orders",),
            beginning=beginning,
            depth=Depth.FULL,
            policy=TlsPolicy(minimum="1.3"),
        ),
        tmp_path,
    ).accounts

    assert plain.account.beginning == Beginning()
    assert told.account.folders == ("Orders",)
    assert told.account.beginning == beginning
    assert told.account.depth is Depth.FULL
    assert told.target.policy.minimum == "1.3"
    assert told.account.credentials == plain.account.credentials


def test_a_database_is_named_by_an_option_the_environment_or_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this order; the secrets of the file stay unread."""
    file = tmp_path / "vedette.toml"
    file.write_text(f'{CONFIGURATION}\n[store]\nurl = "postgres://file/x"\n')
    monkeypatch.delenv("VEDETTE_STORE", raising=False)
    assert database_of(file, None).reveal() == "postgres://file/x"
    monkeypatch.setenv("VEDETTE_STORE", "postgres://environment/x")
    assert database_of(file, None).reveal() == "postgres://environment/x"
    assert database_of(file, "postgresql://option/x").reveal() == "postgresql://option/x"


def test_a_database_that_nobody_names_is_told_with_the_ways_to_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As is one that is no Postgres, without its words."""
    file = tmp_path / "vedette.toml"
    file.write_text(CONFIGURATION)
    monkeypatch.delenv("VEDETTE_STORE", raising=False)

    with pytest.raises(ConfigError, match=r"give --store, set VEDETTE_STORE, or write url under"):
        database_of(file, None)
    with pytest.raises(UsageError, match=r"the store is no postgres://") as refused:
        database_of(file, "mysql://root:hunter2@db/x")
    assert "hunter2" not in str(refused.value)
