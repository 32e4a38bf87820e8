"""The table ``[secrets]`` says where the key is from, or the file says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.service import read_settings
from vedette.config.settings import SecretsSettings
from vedette.errors import ConfigError
from vedette.identity.keysource import KeyCommand, KeyFile, KeyVariable
from vedette.secret import Secret


def secrets(folder: Path, text: str) -> SecretsSettings:
    file = folder / "vedette.toml"
    file.write_text(text)
    return read_settings(file).secrets


def test_nothing_said_is_the_file_of_the_state(tmp_path: Path) -> None:
    """Which file that is, is known where the state is."""
    assert secrets(tmp_path, "") == SecretsSettings()


def test_a_relative_file_is_beside_the_configuration(tmp_path: Path) -> None:
    """As the state is."""
    found = secrets(tmp_path, '[secrets]\nkey_file = "keys/now"')

    assert found.key == KeyFile(path=tmp_path / "keys/now")


def test_a_variable_is_read_with_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And held as a secret."""
    monkeypatch.setenv("THE_KEY", "hunter2")

    found = secrets(tmp_path, '[secrets]\nkey_env = "THE_KEY"')

    assert found.key == KeyVariable(name="THE_KEY", text=Secret("hunter2"))
    assert "hunter2" not in repr(found)


def test_a_command_is_a_list_of_words(tmp_path: Path) -> None:
    """With a deadline."""
    found = secrets(tmp_path, '[secrets]\nkey_command = ["vault", "kv", "get"]\nkey_timeout = 5')

    assert found.key == KeyCommand(command=("vault", "kv", "get"), seconds=5)


def test_old_keys_have_a_table_each(tmp_path: Path) -> None:
    """By names of the user's own."""
    found = secrets(
        tmp_path, '[secrets.old.2025]\nkey_file = "/a"\n[secrets.old.2024]\nkey_command = ["b"]'
    )

    assert found.old == (KeyFile(path=Path("/a")), KeyCommand(command=("b",)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('key_file = "a"\nkey_env = "B"', r":3: secrets\.key_env: key_file is given too"),
        ('key_env = "NOT_SET"', r":2: secrets\.key_env: the environment has no variable"),
        ("key_command = []", r"secrets\.key_command: is empty"),
        ('key_command = "vault"', r"expected a list of texts"),
        ('key = "hunter2"', r":2: secrets\.key: is not known here"),
        ("key_timeout = 0", r"secrets\.key_timeout: 0 is not within"),
        ("[secrets.old.x]", r"secrets\.old\.x\.key_file: is missing"),
        ('[secrets.old.x]\nkey_fiel = "a"', r"is not known here; did you mean 'key_file'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """A key of the installation in the file itself is one: files are copied and shown."""
    with pytest.raises(ConfigError, match=words):
        secrets(tmp_path, f"[secrets]\n{text}")
