"""The ``[scorers.NAME]`` tables: an rspamd by its URL, and mistakes with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.service import read_settings
from vedette.config.settings import ScorerSettings
from vedette.errors import ConfigError


def read(folder: Path, text: str) -> tuple[ScorerSettings, ...]:
    """Read a configuration."""
    file = folder / "vedette.toml"
    file.write_text(text)
    return read_settings(file).scorers


def test_a_scorer_is_a_url_with_groups_and_stays_on_this_host(tmp_path: Path) -> None:
    """What is not said is the strictest."""
    text = '[scorers.rspamd]\nurl = "http://127.0.0.1:11333"\ngroups = ["headers"]\n'
    assert read(tmp_path, text) == (
        ScorerSettings(name="rspamd", url="http://127.0.0.1:11333", groups=("headers",)),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[scorers.x]\n", "1: scorers.x.url: is missing"),
        ('[scorers.x]\nurl = "127.0.0.1:11333"\n', "2: scorers.x.url: expected a URL"),
        ('[scorers.x]\nurl = "http://[::1"\n', "2: scorers.x.url: expected a URL"),
        ('[scorers.x]\nurl = "http://127.0.0.1:99999"\n', "2: scorers.x.url: expected a URL"),
        ('[scorers."x y"]\nurl = "http://127.0.0.1"\n', "no pack can name a scorer 'x y'"),
        (
            '[scorers.x]\nurl = "http://127.0.0.1"\ngroup = "a"\n',
            "3: scorers.x.group: is not known",
        ),
    ],
)
def test_a_mistake_in_a_scorer_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """The person who wrote it finds it."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
