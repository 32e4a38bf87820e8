"""The provider of a mail server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.telemetry.provider import PROVIDERS, provider_of


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("imap.gmail.com", "google"),
        ("IMAP.Gmail.Com.", "google"),
        ("outlook.office365.com", "microsoft"),
        ("imap.mail.yahoo.com", "yahoo"),
        ("imap.mail.ru", "mailru"),
        ("notgmail.com", "other"),
        ("gmail.com.example.org", "other"),
        ("mail.example.org", "other"),
        ("127.0.0.1", "other"),
        ("", "other"),
    ],
)
def test_a_host_is_known_by_the_end_of_its_name(host: str, provider: str) -> None:
    """Whole labels, whatever their case."""
    assert provider_of(host) == provider


@given(st.text())
def test_no_host_makes_a_provider_of_its_own(host: str) -> None:
    """It may be a label: whatever is asked, the answer is in the table."""
    assert provider_of(host) in PROVIDERS
