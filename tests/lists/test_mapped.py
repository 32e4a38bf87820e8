"""A list of domains in a mapped file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import ConfigError
from vedette.lists.mapped import MappedList, compiled

_NAMES = st.lists(st.sampled_from(["a", "b", "com", "net"]), min_size=1, max_size=4).map(".".join)


def _mapped(folder: Path, *domains: str) -> MappedList:
    path = folder / "list.trie"
    compiled(domains).save(str(path))
    return MappedList(path, name="test", version="1")


@pytest.mark.parametrize(
    ("host", "entry"),
    [
        ("lucky.example.com", "lucky.example.com"),
        ("www.lucky.example.com", "lucky.example.com"),
        ("a.b.lucky.example.com", "lucky.example.com"),
        ("unlucky.example.com", None),
        ("example.com", None),
        ("com", None),
        ("lucky.example.com.example.net", None),
        ("", None),
    ],
)
def test_a_host_falls_under_the_entry_above_it(
    tmp_path: Path, host: str, entry: str | None
) -> None:
    """By labels, never by letters."""
    assert _mapped(tmp_path, "lucky.example.com").find(host) == entry


def test_the_longest_entry_is_the_reason(tmp_path: Path) -> None:
    """It says most."""
    found = _mapped(tmp_path, "example.com", "lucky.example.com").find("www.lucky.example.com")

    assert found == "lucky.example.com"


def test_a_list_tells_how_long_it_is(tmp_path: Path) -> None:
    """For a person to look at."""
    assert len(_mapped(tmp_path, "a.example.com", "b.example.com")) == 2


@pytest.mark.parametrize("octets", [b"", b"no trie", b"We love Marisa.\0" + b"\xff" * 64])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, octets: bytes) -> None:
    """In one line."""
    path = tmp_path / "list.trie"
    path.write_bytes(octets)

    with pytest.raises(ConfigError, match="can not be read"):
        MappedList(path, name="test", version="1")


@given(st.sets(_NAMES, max_size=8), _NAMES)
def test_the_file_finds_what_a_set_would(
    tmp_path_factory: pytest.TempPathFactory, domains: set[str], host: str
) -> None:
    """Mapped or in memory, the answer is the same."""
    found = _mapped(tmp_path_factory.mktemp("lists"), *domains).find(host)

    above = [host.split(".", depth)[-1] for depth in range(host.count(".") + 1)]
    assert found == next((each for each in above if each in domains), None)
