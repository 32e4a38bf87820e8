"""A mailbox as one URL: read back as it was meant, and never repeated where it is wrong."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config.address import read_address, read_proxy
from vedette.errors import UsageError
from vedette.ports.link import Encryption, ProxyScheme

WORDS = st.text(min_size=1, max_size=30).filter(lambda text: text.encode("utf-8", "ignore") != b"")


@given(
    user=WORDS.filter(lambda text: not _surrogate(text)),
    password=WORDS.filter(lambda text: not _surrogate(text)),
    port=st.integers(1, 65_535),
)
def test_quoted_user_and_password_come_back_as_they_were(
    user: str, password: str, port: int
) -> None:
    """Percent-encoding carries any user and password."""
    url = f"imaps://{quote(user, safe='')}:{quote(password, safe='')}@mail.example.org:{port}"

    address = read_address(url)

    assert (address.user, address.host, address.port) == (user, "mail.example.org", port)
    assert address.password is not None
    assert address.password.reveal() == password


@given(text=st.text(max_size=60))
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    """Nothing else is ever raised, whatever stands behind the scheme."""
    with suppress(UsageError):
        assert read_address(f"imaps://{text}").host


@pytest.mark.parametrize(
    ("url", "encryption", "port"),
    [
        ("imaps://a@h", Encryption.IMPLICIT, 993),
        ("imap://a@h", Encryption.STARTTLS, 143),
        ("imap+plaintext://a@h", Encryption.NONE, 143),
        ("IMAPS://a@h", Encryption.IMPLICIT, 993),
    ],
)
def test_the_scheme_says_how_it_is_encrypted(url: str, encryption: Encryption, port: int) -> None:
    """Only a scheme that says plaintext gives plaintext."""
    address = read_address(url)

    assert (address.encryption, address.port) == (encryption, port)


def test_a_user_name_may_itself_be_an_address() -> None:
    """The last @ divides."""
    address = read_address("imaps://anna@example.org@mail.example.org")

    assert (address.user, address.host) == ("anna@example.org", "mail.example.org")


def test_a_proxy_has_a_scheme_a_host_and_a_standard_port() -> None:
    """socks5 is 1080; its password is a secret."""
    proxy = read_proxy("socks5://anna:pa%20ss@proxy.example.org")

    assert (proxy.scheme, proxy.host, proxy.port) == (ProxyScheme.SOCKS5, "proxy.example.org", 1080)
    assert proxy.password is not None
    assert proxy.password.reveal() == "pa ss"


def _surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
