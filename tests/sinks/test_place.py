"""The URL of a broker, read and shown."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import SinkError
from vedette.secret import Secret
from vedette.sinks.place import AMQP, NATS, REDIS, Place, Scheme, read_place

PASSWORD = "p@ss/w:rd"


def read(url: str, schemes: dict[str, Scheme] | None = None) -> Place:
    return read_place(Secret(url), schemes or REDIS)


def test_a_url_is_read_into_its_parts_percent_decoded() -> None:
    """Whatever a password is made of."""
    place = read("rediss://us%40er:p%40ss%2Fw%3Ard@bus.example.org:7000/3")

    assert (place.host, place.port, place.tls, place.user, place.path) == (
        "bus.example.org", 7000, True, "us@er", "3",
    )  # fmt: skip
    assert place.password == Secret(PASSWORD)


@pytest.mark.parametrize(
    ("url", "schemes", "port"),
    [
        ("redis://h", REDIS, 6379),
        ("nats://h", NATS, 4222),
        ("tls://h", NATS, 4222),
        ("amqp://h", AMQP, 5672),
        ("amqps://h", AMQP, 5671),
    ],
)
def test_a_port_that_is_not_given_is_the_usual_one(
    url: str, schemes: dict[str, Scheme], port: int
) -> None:
    """With TLS AMQP has a port of its own."""
    assert read(url, schemes).port == port


@pytest.mark.parametrize(
    "url",
    [
        f"http://u:{PASSWORD}@h",
        f"u:{PASSWORD}@h",
        "redis://:secret@:6379",
        "redis://u:secret@h:99999",
        "redis://u:secret@[::1",
        "redis://u:secret@h?ssl_cert_reqs=none",
        "redis://u:secret@h/0#x",
    ],
)
def test_a_url_that_can_not_work_is_refused_without_its_words(url: str) -> None:
    """It may hold a password; options of a library are not taken from it."""
    with pytest.raises(SinkError) as caught:
        read(url)

    assert "secret" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_what_is_shown_of_it_is_scheme_host_and_port() -> None:
    """Never the user info."""
    assert read("redis://u:secret@[::1]:7000/2").name == "redis://[::1]:7000"


def test_a_reason_is_one_line_printable_short_and_without_the_password() -> None:
    """Whatever a broker answers."""
    place = read("redis://u:hunter22@h")
    line = place.line("no\r\n\x1b[31m hunter22 " + "x" * 1000)

    assert line.startswith("redis://h:6379: no ?[31m *** xxx")
    assert line.isprintable()
    assert len(line) < 250


@given(st.text())
def test_any_text_is_a_place_or_one_line_that_does_not_repeat_it(text: str) -> None:
    """Nothing else is ever raised."""
    with suppress(SinkError):
        assert read(f"redis://{text}").name.startswith("redis://")
    with suppress(SinkError):
        read(text)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_user_and_password_survive_their_percent_encoding(user: str, password: str) -> None:
    """Whatever a password store made up."""
    try:
        quoted = f"{quote(user, safe='')}:{quote(password, safe='')}"
    except UnicodeEncodeError:
        # A lone surrogate is no character, and no password that could be typed.
        return
    place = read(f"redis://{quoted}@h")

    assert (place.user, place.password) == (user, Secret(password))
