"""Who consented, as an id token says it: believed where it is meant for us."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.identity.oauth.rig import ACME
from vedette.errors import ProtocolError
from vedette.identity.oauth.apps import App, Client, from_json
from vedette.identity.oauth.authorize import is_issuer
from vedette.identity.oauth.claims import Owner, read
from vedette.secret import Secret

NOW = 1_800_000_000.0
TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
GOOGLE = from_json("g", ACME, {"provider": "google"})
MICROSOFT = from_json("m", ACME, {"provider": "microsoft"})
CLIENT = Client(id="us")


def token(claims: object) -> Secret[str]:
    middle = urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()
    return Secret(f"e30.{middle}.signature")


def claimed(app: App, **other: object) -> Mapping[str, object]:
    issuer = "https://accounts.google.com"
    if app is MICROSOFT:
        issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    claims = {
        "iss": issuer,
        "tid": TENANT,
        "aud": "us",
        "exp": NOW + 60,
        "nonce": "n",
        **other,
    }
    return read(token(claims), app, CLIENT, nonce="n", now=NOW)


@pytest.mark.parametrize("app", [GOOGLE, MICROSOFT])
def test_a_token_for_us_is_read(app: App) -> None:
    """Microsoft's issuer has the directory of the account in it, whichever that is."""
    assert claimed(app, email="joe@example.org")["email"] == "joe@example.org"


def test_google_names_itself_in_two_ways() -> None:
    """With https:// and without."""
    assert claimed(GOOGLE, iss="accounts.google.com")


@pytest.mark.parametrize(
    ("app", "other", "wrong"),
    [
        (GOOGLE, {"iss": "https://evil.example"}, "issuer"),
        (GOOGLE, {"iss": None}, "issuer"),
        (MICROSOFT, {"tid": "another"}, "issuer"),
        (MICROSOFT, {"iss": "https://login.microsoftonline.com//v2.0", "tid": ""}, "issuer"),
        (GOOGLE, {"aud": "them"}, "audience"),
        (GOOGLE, {"aud": ["them", "others"]}, "audience"),
        (GOOGLE, {"aud": ["us", "them"], "azp": "them"}, "audience"),
        (GOOGLE, {"exp": NOW - 301}, "end"),
        (GOOGLE, {"exp": "later"}, "end"),
        (GOOGLE, {"nonce": "of another"}, "nonce"),
        (GOOGLE, {"nonce": None}, "nonce"),
    ],
)
def test_a_token_for_others_is_refused(app: App, other: dict[str, object], wrong: str) -> None:
    """Issuer, audience, end and nonce (OpenID Connect Core 1.0 section 3.1.3.7)."""
    with pytest.raises(ProtocolError, match=wrong):
        claimed(app, **other)


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda each: f"a.{each.hex()}.b"))
def test_what_is_no_token_is_refused(text: str) -> None:
    """Whatever stands there, it is refused in words."""
    with pytest.raises(ProtocolError):
        read(Secret(text), GOOGLE, CLIENT, nonce=None, now=NOW)


@pytest.mark.parametrize(
    ("expected", "named", "same"),
    [
        ("https://as.example", "https://as.example", True),
        ("https://as.example", "https://as.example/", False),
        ("https://a/{tenantid}/v2.0", "https://a/x/v2.0", True),
        ("https://a/{tenantid}/v2.0", "https://a/x/y/v2.0", False),
        ("https://a/{tenantid}/v2.0", "https://a/v2.0", False),
        ("https://a/{tenantid}/v2.0", "https://a/", False),
    ],
)
def test_issuers_are_compared_to_the_letter(expected: str, named: str, *, same: bool) -> None:
    """RFC 9207 section 2.4; of Microsoft's, one segment may be any."""
    assert is_issuer(expected, named) is same


@pytest.mark.parametrize(
    ("address", "account", "same"),
    [
        ("Joe@Example.org", "joe@example.org", True),
        ("joe@googlemail.com", "joe@gmail.com", True),
        ("joe@example.org", "jane@example.org", False),
    ],
)
def test_a_mailbox_is_known_by_its_address(address: str, account: str, *, same: bool) -> None:
    """Case does not count, and Google has two names for one domain."""
    assert Owner(addresses=(address,)).is_one_of(account) is same


def test_who_is_not_told_may_be_anybody() -> None:
    """A service that gives no address is no reason to refuse a consent."""
    assert Owner().is_one_of("joe@example.org")
