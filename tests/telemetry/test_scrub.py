"""What a log line may not hold."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.secret import Secret
from vedette.telemetry.scrub import MAX_VALUE, Scrubber, hash_address

HIDE = Scrubber(show_addresses=False, key=b"installation")
SHOW = Scrubber(show_addresses=True, key=b"installation")


def line(scrubber: Scrubber = HIDE, /, **fields: Any) -> dict[str, Any]:
    """Clean one line's fields."""
    return dict(scrubber(None, "info", fields))


def test_a_secret_is_hidden_wherever_it_stands() -> None:
    """By its type: alone, in a list, in a mapping."""
    cleaned = line(a=Secret("hunter2"), b=[Secret("hunter2")], c={"d": Secret(b"hunter2")})

    assert cleaned == {"a": "***", "b": ["***"], "c": {"d": "***"}}


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Authorization",
        "access-token",
        "api_key",
        "X-Api-Key",
        "client_secret",
        "webhook-signature",
        "Set-Cookie",
        "sasl_response",
    ],
)
def test_a_key_that_is_shaped_like_a_secret_hides_its_text(key: str) -> None:
    """Whatever the value's type says, also one level down."""
    assert line(**{key: "hunter2"}) == {key: "***"}
    assert line(headers={key: "hunter2"}) == {"headers": {key: "***"}}


def test_numbers_and_flags_beside_such_a_word_are_shown() -> None:
    """How many tokens there are, and that one is missing, tells nothing."""
    assert line(tokens=3, token_ok=True, token=None) == {
        "tokens": 3,
        "token_ok": True,
        "token": None,
    }


def test_addresses_are_hashed_inside_any_sentence() -> None:
    """The rest of the words stays; the same address is the same stand-in."""
    stand_in = hash_address("bob@example.org", b"installation")

    assert line(words="NO <bob@example.org> over quota, Bob@Example.ORG.") == {
        "words": f"NO <{stand_in}> over quota, {stand_in}."
    }


def test_a_login_is_hashed_even_without_an_at_sign() -> None:
    """At some providers it is a plain name, and still names a person."""
    assert line(user="bob") == {"user": hash_address("bob", b"installation")}


def test_addresses_are_shown_when_asked() -> None:
    """An operator may choose so."""
    assert line(SHOW, user="bob@example.org", words="a@b") == {
        "user": "bob@example.org",
        "words": "a@b",
    }


def test_a_stand_in_depends_on_the_installation() -> None:
    """A table of addresses made elsewhere does not fit."""
    assert hash_address("a@b", b"one") != hash_address("a@b", b"two")


@pytest.mark.parametrize("scrubber", [HIDE, SHOW])
def test_user_info_of_a_url_is_dropped(scrubber: Scrubber) -> None:
    """Also when addresses are shown: a password is never."""
    words = "get imaps://bob:hunter2@mail.example.org/x?y and https://a:b@c failed"

    assert line(scrubber, words=words) == {
        "words": "get imaps://mail.example.org/x?y and https://c failed"
    }


def test_control_characters_are_escaped() -> None:
    """No forged line, no colour, no reversed text, no C1, no line separator."""
    words = "a\r\nlevel=info\x1b[31m\x9b\u202e\u2028\x00"

    assert line(words=words) == {"words": r"a\x0d\x0alevel=info\x1b[31m\x9b\u202e\u2028\x00"}


def test_bytes_of_a_server_are_shown_as_text() -> None:
    """Undecodable ones as escapes."""
    assert line(reply=b"* BYE \xff\x07") == {"reply": r"* BYE \xff\x07"}


def test_long_deep_and_wide_values_are_cut() -> None:
    """A line is bounded whatever is given."""
    deep: list[Any] = []
    deep.append(deep)
    cleaned = line(long="x" * 1_000_000, wide=list(range(10_000)), deep=deep)

    assert len(cleaned["long"]) < MAX_VALUE + 50
    assert len(cleaned["wide"]) == 50
    assert cleaned["deep"] == [[[["(list)"]]]]


@given(st.text())
def test_whatever_is_given_the_line_is_printable(words: str) -> None:
    """One line, for every text there is, lone surrogates included."""
    assert line(words=words)["words"].isprintable()


@given(
    st.text(alphabet="ab.@:/ <", max_size=40),
    st.text(alphabet="abcdefgh", min_size=3, max_size=10),
)
def test_no_address_survives_in_any_surrounding(noise: str, name: str) -> None:
    """Set apart by a space, an address is found in every text."""
    address = f"{name}@{name}.example"

    assert address not in line(words=f"{noise} {address} {noise}")["words"]


@pytest.mark.parametrize("text", ["@", "a@", "://", "a", "a@:", "://@"])
def test_cleaning_is_linear_on_hostile_text(text: str) -> None:
    """A server's words cost little; a square of them would take hours here."""
    began = time.process_time()
    HIDE.text(text * 100_000, limit=1_000_000)

    assert time.process_time() - began < 5
