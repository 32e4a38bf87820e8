"""``[api]``: an address that is one, a certificate that is there, proxies that are networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.api import ApiSettings, read_api
from vedette.config.document import parse
from vedette.errors import ConfigError


def read(text: str, beside: Path = Path()) -> ApiSettings:
    return read_api(parse(text, file="vedette.toml"), beside)


def test_without_a_word_the_api_is_on_loopback_alone() -> None:
    """A first start is open to nobody else."""
    found = read("")

    assert (found.enabled, found.host, found.port) == (True, "127.0.0.1", 8025)
    assert found.is_loopback
    assert not found.is_asked


@pytest.mark.parametrize(
    ("listen", "host", "port", "is_loopback"),
    [
        ("127.0.0.1:1", "127.0.0.1", 1, True),
        ("localhost:80", "localhost", 80, True),
        ("[::1]:65535", "::1", 65_535, True),
        ("0.0.0.0:0", "0.0.0.0", 0, False),
        ("[::]:8025", "::", 8025, False),
        ("192.0.2.1:8025", "192.0.2.1", 8025, False),
    ],
)
def test_an_address_and_a_port_are_read(
    listen: str, host: str, port: int, *, is_loopback: bool
) -> None:
    """Of both families; one of IPv6 stands in brackets."""
    found = read(f'listen = "{listen}"')

    assert (found.host, found.port, found.is_loopback) == (host, port, is_loopback)
    assert found.is_asked


@pytest.mark.parametrize(
    "text",
    [
        'listen = "8025"',
        'listen = "127.0.0.1"',
        'listen = "127.0.0.1:"',
        'listen = "127.0.0.1:x"',
        'listen = "127.0.0.1:65536"',
        'listen = "127.0.0.1:99999999999999999999"',
        'listen = "example.org:80"',
        'listen = ":8025"',
        'cert_file = "there.pem"',
        'key_file = "there.pem"',
        'cert_file = "there.pem"\nkey_file = "gone.pem"',
        'trusted_proxies = ["proxy"]',
        "rate = 0",
        "burst = 0",
        "enabled = 1",
        "port = 80",
    ],
)
def test_what_can_not_be_served_is_an_error_with_its_line(text: str, tmp_path: Path) -> None:
    """Each names the file, the line and the key."""
    (tmp_path / "there.pem").write_text("")

    with pytest.raises(ConfigError, match=r"^vedette\.toml:[12]: [a-z_]+: "):
        read(text, tmp_path)


def test_files_are_beside_the_configuration(tmp_path: Path) -> None:
    """A relative path counts from it."""
    (tmp_path / "a.pem").write_text("")

    found = read('cert_file = "a.pem"\nkey_file = "a.pem"', tmp_path).certificate

    assert found is not None
    assert found.chain == found.key == tmp_path / "a.pem"


def test_proxies_are_networks() -> None:
    """One address is a network of one."""
    found = read('trusted_proxies = ["10.0.0.1", "2001:db8::/32"]').trusted_proxies

    assert [str(each) for each in found] == ["10.0.0.1/32", "2001:db8::/32"]
