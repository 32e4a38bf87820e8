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
        "ports = 993",
        'ports = ["993"]',
        "ports = [true]",
        "ports = [0]",
        "ports = [65536]",
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


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://mail.example.org", "https://mail.example.org"),
        ("https://mail.example.org/", "https://mail.example.org"),
        ("https://mail.example.org:8443", "https://mail.example.org:8443"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
        ("http://localhost:8025", "http://localhost:8025"),
    ],
)
def test_a_public_url_is_scheme_host_and_port(given: str, url: str) -> None:
    """Over TLS, or of this machine, where browsers do without it."""
    assert read(f'public_url = "{given}"').public_url == url


@pytest.mark.parametrize(
    "given",
    [
        "mail.example.org",
        "http://mail.example.org",
        "https://",
        "https://mail.example.org/vedette",
        "https://mail.example.org/?a=b",
        "https://mail.example.org#a",
        "https://anna@mail.example.org",
        "https://mail.example.org:x",
        "https://mail example.org",
        "https://[",
        "javascript:alert(1)",
    ],
)
def test_a_public_url_that_is_none_is_a_mistake(given: str) -> None:
    """The line names the key, and no redirect URI is made of half an address."""
    with pytest.raises(ConfigError, match=r"public_url: .* is "):
        read(f'public_url = "{given}"')


def test_pages_to_return_to_may_have_paths() -> None:
    """Each is a page of the host's; one without TLS is none."""
    found = read('return_to = ["https://app.example.org/mail", "http://localhost:3000"]')

    assert found.return_to == ("https://app.example.org/mail", "http://localhost:3000")
    with pytest.raises(ConfigError, match="return_to"):
        read('return_to = ["http://app.example.org"]')


def test_the_ports_that_a_tenant_may_name_are_those_of_imap() -> None:
    """Unless others are set, or none."""
    assert read("").ports == (143, 993)
    assert read("ports = [993, 1993]").ports == (993, 1993)
    assert read("ports = []").ports == ()
