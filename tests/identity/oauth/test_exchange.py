"""What an answer of a token endpoint means, whatever is in it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import NetworkError, RevokedError, ThrottledError
from vedette.identity.oauth.exchange import LONGEST, Denied, Granted, error, outcome
from vedette.identity.oauth.transport import Answer

URL = "https://tokens.example.org/token"
REFRESH = "a-refresh-token-of-someone"


def said(status: int, **members: object) -> Granted | Denied:
    return outcome(Answer(status=status, body=orjson.dumps(members)), URL, [REFRESH])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["access_token", "refresh_token", "expires_in", "token_type", "id_token", "error", "scope",
     "error_description"]
)  # fmt: skip


@given(st.integers(100, 599), st.dictionaries(NAMES, JSON, max_size=8), st.binary(max_size=40))
def test_every_answer_is_an_outcome(status: int, members: dict[str, object], octets: bytes) -> None:
    """Nothing that a service says is a defect; tokens of it fit into one line of a login."""
    try:
        body = orjson.dumps(members)
    except TypeError:
        body = octets
    for each in (body, octets):
        found = outcome(Answer(status=status, body=each), URL, [REFRESH])
        if isinstance(found, Denied):
            line = str(error(found, whose="joe", app="the app"))
            assert line.isprintable()
            assert len(line) < 600
        else:
            assert found.access.reveal().isascii()
            assert not set(found.access.reveal()) & set(" \r\n\0\x01")
            assert 0 <= found.lifetime <= LONGEST


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "unauthorized_client"])
def test_what_only_a_person_can_mend_is_told_as_that(code: str) -> None:
    """Three codes, with a status that is not the service's own fault."""
    denial = said(400, error=code)
    assert isinstance(denial, Denied)
    assert isinstance(error(denial, whose="joe", app="the app"), RevokedError)


@pytest.mark.parametrize(
    ("status", "members", "kind"),
    [
        (429, {"error": "invalid_grant"}, ThrottledError),
        (400, {"error": "slow_down"}, ThrottledError),
        (503, {"error": "invalid_client"}, NetworkError),
        (400, {"error": "invalid_request"}, NetworkError),
        (400, {"error": ["invalid_grant"]}, NetworkError),
        (401, {}, NetworkError),
        (200, {"access_token": ""}, NetworkError),
        (200, {"access_token": "abc", "token_type": "mac"}, NetworkError),
    ],
)
def test_everything_else_passes(
    status: int, members: dict[str, object], kind: type[Exception]
) -> None:
    """A9: it is tried again, and no strike of anybody."""
    denial = said(status, **members)
    assert isinstance(denial, Denied)
    assert type(error(denial, whose="joe", app="the app")) is kind


def test_what_was_sent_is_not_quoted() -> None:
    """Some services repeat the token that they refuse."""
    denial = said(400, error="invalid_grant", error_description=f"{REFRESH}\r\nis over")
    assert isinstance(denial, Denied)
    line = str(error(denial, whose="joe", app="the app"))
    assert REFRESH not in line
    assert "*** is over" in line


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(3599, 3599), ("3599", 3599), (None, 3600), ("soon", 3600), (-1, 0), (1e12, LONGEST)],
)
def test_a_lifetime_is_read_as_it_is_written(value: object, seconds: float) -> None:
    """As a number or as text; without one it is an hour."""
    granted = said(200, access_token="abc", expires_in=value)
    assert isinstance(granted, Granted)
    assert granted.lifetime == seconds
