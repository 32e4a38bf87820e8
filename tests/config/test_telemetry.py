"""The keys about traces and probe mails."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.service import read_settings
from vedette.errors import ConfigError
from vedette.model.account import Canary

ACCOUNT = '[accounts.box]\nurl = "imaps://user@mail.example.org"\npassword = "x"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "vedette.toml"
    path.write_text(f'state = "state"\n{text}')
    return path


def test_traces_go_where_the_file_says(tmp_path: Path) -> None:
    """And nowhere where it says nothing."""
    there = read_settings(written(tmp_path, '[telemetry]\notlp = "http://localhost:4318"\n'))

    assert there.otlp == "http://localhost:4318"
    assert read_settings(written(tmp_path, "")).otlp is None


@pytest.mark.parametrize("url", ["localhost:4318", "grpc://localhost", "http://", "http://a:99999"])
def test_what_is_no_url_of_a_collector_is_refused(tmp_path: Path, url: str) -> None:
    """With the line of the key."""
    with pytest.raises(ConfigError, match=r"vedette\.toml:3.*otlp: expected the URL"):
        read_settings(written(tmp_path, f'[telemetry]\notlp = "{url}"\n'))


@pytest.mark.parametrize(
    ("keys", "canary"),
    [
        ("", None),
        ("canary = true", Canary()),
        (
            'canary = true\ncanary_interval = 600\ncanary_folder = "Probes"',
            Canary(interval=600, folder="Probes"),
        ),
        ("canary = false\ncanary_interval = 600", None),
    ],
)
def test_an_account_is_probed_where_its_table_says_so(
    tmp_path: Path, keys: str, canary: Canary | None
) -> None:
    """Once an hour, into INBOX, unless it says otherwise."""
    (account,) = read_settings(written(tmp_path, ACCOUNT + keys)).accounts

    assert account.account.canary == canary
