"""What a field may hold is said in one line when it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vedette.service import reach
from vedette.service.accounts import fields
from vedette.service.form import Form

PIN = "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        "jane@example.org",
        "user@localhost",
        "jane",
        "jane+tag@sub.example.org",
        '"jane doe"@example.org',
        "jané@exämple.org",
        "a@b@example.org",
    ],
)
def test_an_address_of_any_shape_that_servers_have_is_taken(text: str) -> None:
    """A helpdesk refused user@localhost once, and with it every test server."""
    assert fields.mail_address(text) == text


@pytest.mark.parametrize(
    "text", ["@example.org", "jane@", "Jane <jane@example.org>", "a@x.org, b@x.org", "a b@x.org"]
)
def test_what_is_no_address_alone_is_refused(text: str) -> None:
    """A name around it, or two of them, are somebody's mistake."""
    with pytest.raises(ValueError, match=r"address"):
        fields.mail_address(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (fields.host, "127.1"),
        (fields.host, "2130706433"),
        (fields.host, "mail example.org"),
        (fields.host, ""),
        (fields.pin, "abc"),
        (fields.pin, "zz" * 32),
        (fields.mechanism, "NTLM"),
        (fields.proxy, "ftp://proxy.example.org"),
        (fields.proxy, "socks5://jane:hunter2@proxy.example.org:1080"),
        (fields.token_url, "ftp://tokens.example.org"),
        (fields.token_url, "https://"),
        (fields.token_url, "https://jane:hunter2@tokens.example.org"),
        (fields.token_url, "https://[::1"),
        (fields.token_url, "https://tokens.example.org:99999"),
        (fields.name, ""),
        (fields.name, "a/b"),
        (fields.name, "-a"),
        (fields.name, "ä"),
        (fields.name, "a" * 129),
    ],
)
def test_what_can_not_be_is_refused_without_a_password_in_it(
    read: Callable[[str], object], text: str
) -> None:
    """The line goes into answers and logs."""
    with pytest.raises(ValueError, match=r".") as caught:
        read(text)

    assert "hunter2" not in str(caught.value)


def test_a_pin_is_one_however_it_is_spelled() -> None:
    """OpenSSL prints colons and capitals."""
    spelled = ":".join(["AB"] * 32)

    assert fields.pin(spelled) == PIN


@pytest.mark.parametrize(
    ("ca", "why"),
    [
        ("nothing", "no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "no certificate"),
        ("-----BEGIN PRIVATE KEY-----", "private key"),
        ("x" * 65_537, "65536"),
        (7, "PEM"),
    ],
)
def test_a_ca_is_certificates_and_nothing_else(ca: object, why: str) -> None:
    """A private key that slipped in would be shown to everybody who reads the account."""
    form = Form({"ca": ca})

    assert fields.certificates(form) is None
    assert why in form.mistakes[0].why


@pytest.mark.parametrize(
    ("host", "private", "allowed"),
    [
        ("mail.example.org", False, True),
        ("8.8.8.8", False, True),
        ("127.0.0.1", False, False),
        ("127.0.0.1", True, True),
        ("localhost", False, False),
        ("localhost", True, True),
        ("imap.localhost", False, False),
        ("10.0.0.5", False, False),
        ("10.0.0.5", True, True),
        ("169.254.169.254", False, False),
        ("169.254.169.254", True, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("::1", False, False),
    ],
)
def test_an_inside_host_is_for_who_may_name_one(host: str, *, private: bool, allowed: bool) -> None:
    """A cloud's metadata address is for nobody."""
    assert (reach.refusal(host, private=private) is None) is allowed


@pytest.mark.parametrize("text", ["a\nb", "a\0b", "\x1b[2J", "a\x7f", "\ud800", "x" * 1_001])
def test_a_text_has_no_character_that_drives_a_terminal(text: str) -> None:
    """Nor half of one, which no database takes; nor is it a book."""
    form = Form({"title": text})

    assert form.text("title") == ""
    assert len(form.mistakes) == 1


def test_a_misspelt_field_is_told_with_a_guess() -> None:
    """And not ignored: who misspells `folders` would watch others."""
    form = Form({"fodler": []})
    form.texts("folders", most=3)

    form.refuse_unknown()

    assert form.mistakes[0].why == "is not known here; did you mean folders?"
