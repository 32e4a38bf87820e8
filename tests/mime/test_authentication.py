"""Authentication-Results (RFC 8601) of servers that are trusted by name."""

from __future__ import annotations

import pytest

from tests.mime.letter import raw
from vedette import mime
from vedette.mime import Authentication, AuthenticationResult

SERVER = "mx.example.org"


def found(*fields: str) -> Authentication | None:
    data = raw("".join(f"{field}\n" for field in fields) + "\n")
    return mime.read_header(data, trusted_authserv={SERVER}).authentication


def test_the_results_of_all_methods_are_told() -> None:
    """Comments, folding, versions and quotes are passed over."""
    told = found(
        f"Authentication-Results: {SERVER} 1;\n"
        " dkim=pass (good; signature) header.d=example.com header.s=s1;\n"
        '\tspf=softfail (1.2.3.4) smtp.mailfrom="a@example.com";\n'
        " dmarc=fail action=none header.from=example.com; arc=none"
    )

    assert told is not None
    assert (told.spf, told.dkim, told.dmarc, told.arc) == ("softfail", "pass", "fail", "none")
    assert told.results[0] == AuthenticationResult(
        method="dkim",
        result="pass",
        properties=(("header.d", "example.com"), ("header.s", "s1")),
    )
    assert ("smtp.mailfrom", "a@example.com") in told.results[1].properties


def test_one_passing_signature_is_enough() -> None:
    """RFC 6376 section 4.2: a broken signature is as none."""
    told = found(f"Authentication-Results: {SERVER}; dkim=fail header.d=a; dkim=pass header.d=b")

    assert told is not None
    assert told.dkim == "pass"
    assert [result.result for result in told.results] == ["fail", "pass"]


def test_filters_of_one_server_write_one_field_each() -> None:
    """They stand together, above the server's Received."""
    told = found(
        f"Authentication-Results: {SERVER}; dmarc=pass header.from=example.com",
        f"Authentication-Results: {SERVER}; spf=pass smtp.mailfrom=example.com",
        "Received: from x",
        f"Authentication-Results: {SERVER}; arc=pass",
    )

    assert told is not None
    assert (told.dmarc, told.spf, told.arc) == ("pass", "pass", None)


@pytest.mark.parametrize(
    "field",
    [
        "Authentication-Results: evil.example; spf=pass",
        f"Authentication-Results: evil.example {SERVER}; spf=pass",
        f"Authentication-Results: {SERVER}.evil.example; spf=pass",
        f"Authentication-Results: ({SERVER}) evil.example; spf=pass",
        f'Authentication-Results: "{SERVER} "; spf=pass',
        f"X-Authentication-Results: {SERVER}; spf=pass",
        "Authentication-Results:",
        "Authentication-Results: ;;;",
    ],
)
def test_another_name_is_not_the_trusted_one(field: str) -> None:
    """The whole name is compared."""
    assert found(field) is None


def test_a_server_that_checked_nothing_is_told() -> None:
    """RFC 8601 section 2.2: ``none`` is a result of its own."""
    told = found(f"Authentication-Results: {SERVER}; none")

    assert told == Authentication(authserv_id=SERVER)
