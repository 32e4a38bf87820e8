"""A mailbox as one URL: read back as it was meant, and never repeated where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config.address import read_address, read_proxy
from vedette.errors import UsageError
from vedette.ports.link import Encryption, ProxyScheme
from vedette.secret import Secret

#: What is never quoted on purpose; no complaint holds it by chance.
SECRET = "hunter2-Zq81"
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


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("imaps://a@mail.example.org/", "mail.example.org", 993),
        ("imaps://a@MAIL.example.org:1", "mail.example.org", 1),
        ("imaps://a@[2001:db8::1]", "2001:db8::1", 993),
        ("imap://a@[::1]:65535", "::1", 65_535),
        ("imaps://a@192.0.2.1", "192.0.2.1", 993),
    ],
)
def test_host_and_port_are_read_as_in_any_url(url: str, host: str, port: int) -> None:
    """IPv6 stands in brackets (RFC 3986 section 3.2.2) and comes without them."""
    address = read_address(url)

    assert (address.host, address.port) == (host, port)


def test_a_quoted_at_sign_is_part_of_the_user() -> None:
    """%40 needs no rule about the last @."""
    assert read_address("imaps://anna%40example.org@mail.example.org").user == "anna@example.org"


def test_a_password_may_hold_an_at_sign_as_it_is() -> None:
    """Only the last one divides."""
    address = read_address("imaps://anna:p@ss:word@mail.example.org")

    assert (address.user, address.host) == ("anna", "mail.example.org")
    assert address.password == Secret("p@ss:word")


def test_without_a_user_there_is_none() -> None:
    """Nobody is made up."""
    address = read_address("imaps://mail.example.org")

    assert (address.user, address.password) == (None, None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "imaps:mail.example.org",
        "pop3://a@h",
        "imap+tls://a@h",
        "imaps://",
        "imaps://a@",
        "imaps://a@:993",
        "imaps://a@h:0",
        "imaps://a@h:65536",
        "imaps://a@h:-1",
        "imaps://a@h:imap",
        "imaps://a@h/INBOX",
        "imaps://a@h?x=1",
        "imaps://a@h#x",
        "imaps://a@[::1",
        "imaps://a@::1]",
    ],
)
def test_what_is_no_mailbox_is_a_usage_error(url: str) -> None:
    """One line, and how it is written."""
    with pytest.raises(UsageError, match=r"^[^\n]+$"):
        read_address(url)


@given(
    before=st.text("ab:/@%?#[]", max_size=8),
    after=st.text("ab:/@%?#[]9", max_size=12),
    scheme=st.sampled_from(["imaps", "imap", "imap+plaintext", "http"]),
)
def test_no_complaint_about_a_mailbox_repeats_a_password(
    scheme: str, before: str, after: str
) -> None:
    """Wherever the URL is broken: also where the @ is missing, or a / is not quoted."""
    assert SECRET not in _complaint(read_address, f"{scheme}://{before}{SECRET}{after}")


@given(rest=st.text("ab:/@%?#[]9.", max_size=16), scheme=st.sampled_from(["socks5", "http", "x"]))
def test_a_broken_proxy_is_a_usage_error_without_its_password(scheme: str, rest: str) -> None:
    """Nothing else is ever raised."""
    assert SECRET not in _complaint(read_proxy, f"{scheme}://anna:{SECRET}{rest}")


@pytest.mark.parametrize("url", ["", "proxy:1080", "socks4://h", "socks5://", "http://h:0"])
def test_a_proxy_of_another_kind_is_refused(url: str) -> None:
    """Only proxies that resolve the name themselves."""
    with pytest.raises(UsageError):
        read_proxy(url)


def _surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _complaint(read: Callable[[str], object], url: str) -> str:
    """Return all that a refusal tells, its cause included; nothing where the URL is read."""
    try:
        read(url)
    except UsageError as error:
        return f"{error} {error.__cause__}"
    return ""
