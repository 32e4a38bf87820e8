"""A database's URL: what it says, what it may not say, and what of it is shown."""

from __future__ import annotations

import pytest

from vedette.errors import UsageError
from vedette.secret import Secret
from vedette.sources.location import Location, Make, read_location


@pytest.mark.parametrize(
    ("url", "make", "port", "tls"),
    [
        ("postgres://u:p@db/app", Make.POSTGRES, 5432, False),
        ("postgresql://u:p@db:6432/app?sslmode=require", Make.POSTGRES, 6432, True),
        ("postgres+tls://u:p@db/app?schema=public", Make.POSTGRES, 5432, True),
        ("mysql://u:p@db/app", Make.MYSQL, 3306, False),
        ("mysql+tls://u:p@db/app", Make.MYSQL, 3306, True),
        ("mariadb://u:p@db/app", Make.MYSQL, 3306, False),
    ],
)
def test_a_url_names_the_database_and_whether_tls_is_asked_for(
    url: str, make: Make, port: int, *, tls: bool
) -> None:
    """As applications have it in their own environment."""
    found = read_location(Secret(url))

    assert (found.database, found.host, found.port, found.path) == (make, "db", port, "app")
    assert (found.user, found.password, found.tls) == ("u", Secret("p"), tls)


def test_what_stands_percent_encoded_is_read_so() -> None:
    """A password may hold anything."""
    found = read_location(Secret("postgres://a%40b:p%2Fw%23@db/my%20app"))

    assert (found.user, found.password, found.path) == ("a@b", Secret("p/w#"), "my app")


def test_a_file_is_named_by_its_path() -> None:
    """As SQLAlchemy and others write it."""
    assert read_location(Secret("sqlite:///var/lib/app.db")).path == "/var/lib/app.db"


@pytest.mark.parametrize(
    "url",
    [
        "oracle://u:hunter2@db/app",
        "postgres://u:hunter2@/app",
        "postgres://u:hunter2@db",
        "postgres://u:hunter2@db:port/app",
        "postgres://u:hunter2@db/app?sslmode=prefer",
        "postgres://u:hunter2@db/app?options=hunter2",
        "postgres://u:hunter2@db/app#hunter2",
        "mysql://u:hunter2@db/app?schema=hunter2",
        "sqlite://hunter2/app.db",
        "sqlite:///",
        "hunter2",
    ],
)
def test_a_url_that_can_not_be_is_refused_without_its_words(url: str) -> None:
    """It may hold a password; and options that a library would take are refused by name."""
    with pytest.raises(UsageError) as caught:
        read_location(Secret(url))

    assert "hunter2" not in str(caught.value)


def test_a_reason_is_one_line_without_the_password() -> None:
    """Whatever a library quotes."""
    place = Location(
        database=Make.POSTGRES, host="::1", port=5432, path="app", password=Secret("hunter2")
    )

    assert place.line('denied for "hunter2"\nDETAIL\x07') == (
        'postgres://[::1]:5432/app: denied for "***" DETAIL?'
    )
