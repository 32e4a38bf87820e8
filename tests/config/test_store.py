"""``[store]``: the database that instances share, and the name of this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.environment import STORE, WORKER, host_name
from vedette.config.service import read_settings
from vedette.config.settings import Settings, StoreSettings
from vedette.config.store import checked
from vedette.errors import ConfigError, UsageError
from vedette.ownership.shard import InstanceId
from vedette.secret import Secret

URL = "postgres://vedette:hidden@db.example.org/vedette"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)
    monkeypatch.delenv(WORKER, raising=False)


def read(folder: Path, text: str, **given: Secret[str]) -> Settings:
    file = folder / "vedette.toml"
    file.write_text(f'state = "kept"\n{text}')
    return read_settings(file, **given)


def test_without_a_store_the_state_is_in_its_folder(tmp_path: Path) -> None:
    """One machine stays what it was."""
    assert read(tmp_path, "").store is None


def test_a_store_is_read_with_the_name_and_weight_of_the_instance(tmp_path: Path) -> None:
    """All that a member of a cluster says of itself."""
    text = f'[store]\nurl = "{URL}"\ninstance = "north"\nweight = 250\n'

    assert read(tmp_path, text).store == StoreSettings(
        url=Secret(URL), instance=InstanceId("north"), weight=250
    )


def test_an_instance_is_named_like_its_machine(tmp_path: Path) -> None:
    """A name that is the same after a restart, so that its mailboxes come back to it."""
    settings = read(tmp_path, f'[store]\nurl = "{URL}"\n')

    assert settings.store is not None
    assert settings.store.instance == host_name()


def test_workers_of_one_machine_have_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of a worker is a part of its name."""
    monkeypatch.setenv(WORKER, "3")

    settings = read(tmp_path, f'[store]\nurl = "{URL}"\ninstance = "north"\n')

    assert settings.store is not None
    assert settings.store.instance == "north/3"


def test_an_option_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The closest word counts."""
    text = '[store]\nurl = "postgres://file/x"\n'
    monkeypatch.setenv(STORE, "postgres://environment/x")

    by_environment = read(tmp_path, text).store
    by_option = read(tmp_path, text, store=Secret("postgres://option/x")).store

    assert by_environment is not None
    assert by_environment.url.reveal() == "postgres://environment/x"
    assert by_option is not None
    assert by_option.url.reveal() == "postgres://option/x"


@pytest.mark.parametrize("url", ["mysql://db/x", "vedette.db", "postgres", "http://[", ""])
def test_another_kind_of_store_is_refused_without_its_url(tmp_path: Path, url: str) -> None:
    """A password in it must not end in a log."""
    with pytest.raises(UsageError) as caught:
        checked(Secret(f"{url}?password=hidden"))

    assert "hidden" not in str(caught.value)


def test_a_mistake_names_the_place(tmp_path: Path) -> None:
    """File, line and key, as of every mistake in a configuration."""
    with pytest.raises(ConfigError, match=r"vedette\.toml:3: .*url"):
        read(tmp_path, '[store]\nurl = "mysql://db/x"\n')
