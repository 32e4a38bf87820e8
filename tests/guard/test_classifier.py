"""The classifier reads a message in microseconds, the same everywhere, and its file is checked."""

from __future__ import annotations

import time
from array import array
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette import mime
from vedette.errors import ConfigError
from vedette.guard.classifier import (
    BUCKETS,
    MAX_FILE,
    MAX_WEIGHTS,
    MAX_WORDS,
    Model,
    decoded,
    encoded,
    features_in,
    features_of,
    sigmoid,
)


def model(**weights: float) -> Model:
    """Return a model that knows some words."""
    held = array("f", bytes(4 * BUCKETS))
    for word, weight in weights.items():
        held[features_in(word)[0]] = weight
    return Model(weights=held, bias=-1.0, about={"unwanted": 50})


def letter(text: str, subject: str = "x") -> mime.Message:
    """Return a message."""
    raw = f"Subject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    return mime.read(raw.encode())


def test_the_buckets_of_a_text_are_the_same_on_every_machine() -> None:
    """A model that was trained elsewhere means the same words: crc32, and no hash of Python's."""
    assert features_in("Free spins") == array("I", [180_680, 220_062, 168_762])


def test_words_and_pairs_count_once_however_they_are_disguised_or_repeated() -> None:
    """Accents, case, widths and invisible characters make no other word."""
    assert set(features_in("FREE spi\u200bns free ｓpins")) == set(
        features_in("free spins free spins")
    )


def test_numbers_are_no_words() -> None:
    """An amount, a date or an order's number is of one letter only."""
    assert features_in("1234 2026-11-21 €99") == array("I")


def test_a_pair_does_not_depend_on_which_other_words_are_there() -> None:
    """The bucket of "free spins" is found within a longer text."""
    assert set(features_in("free spins")) < set(features_in("take free spins now"))


def test_subject_plain_text_and_what_html_shows_are_read() -> None:
    """What only one of them says counts too."""
    raw = (
        b'Subject: alpha\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nbravo\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>charlie</p>\r\n--b--\r\n"
    )
    found = set(features_of(mime.read(raw, shown=True)))
    assert found > {features_in(word)[0] for word in ("alpha", "bravo", "charlie")}


def test_an_opinion_rises_with_the_weights_of_the_words() -> None:
    """A word that the model holds for unwanted says more than one that it does not know."""
    known = model(casino=9.0)
    assert (known.opinion(letter("casino")) or 0) > (known.opinion(letter("tomorrow")) or 0)


def test_of_a_message_without_words_there_is_no_opinion() -> None:
    """A picture alone is not held for wanted."""
    assert model().opinion(letter("123", subject="4")) is None


@given(st.text(max_size=300), st.text(alphabet="ab ", max_size=50))
def test_any_message_has_an_opinion_from_0_to_1(text: str, subject: str) -> None:
    """Whatever a letter says."""
    found = model(casino=1e30, tomorrow=-1e30).opinion(letter(text, subject))
    assert found is None or 0.0 <= found <= 1.0


def test_no_length_of_a_message_makes_it_slow() -> None:
    """A megabyte of words costs what four pages cost: a few milliseconds of the processor."""
    words = " ".join(
        f"w{'abcdefghij'[n % 10] * (n % 7)}{chr(97 + n // 7 % 26)}" for n in range(10**5)
    )
    long = letter(words)
    begun = time.process_time()
    features = features_of(long)
    assert time.process_time() - begun < 0.1
    assert len(features) <= 2 * MAX_WORDS


@pytest.mark.parametrize("value", [-1e308, -1.0, 0.0, 1.0, 1e308])
def test_the_logistic_function_never_overflows(value: float) -> None:
    """Weights of any size are a number from 0 to 1."""
    assert 0.0 <= sigmoid(value) <= 1.0


def test_a_model_is_the_same_when_it_was_written_and_read() -> None:
    """Weights, numbers and what is said about it."""
    written = model(casino=1.5, spins=-0.25)
    read = decoded(encoded(written))
    assert (read.weights, read.bias, read.about) == (written.weights, -1.0, {"unwanted": 50})


def test_the_file_of_the_largest_model_keeps_its_heaviest_weights_within_the_bound() -> None:
    """A weight in every bucket does not make a larger file."""
    full = Model(weights=array("f", [float(1 + place) for place in range(BUCKETS)]))
    octets = encoded(full)
    assert len(octets) <= MAX_FILE
    read = decoded(octets)
    assert sum(1 for weight in read.weights if weight) == MAX_WEIGHTS
    assert read.weights[-1] == float(BUCKETS)


@pytest.mark.parametrize(
    "change",
    [
        lambda octets: b"",
        lambda octets: octets[:-1],
        lambda octets: octets + b"\0",
        lambda octets: octets.replace(b"model 1", b"model 2"),
        lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]),
        lambda octets: b"\0" * (MAX_FILE + 1),
    ],
    ids=["empty", "cut", "longer", "another version", "one bit", "too large"],
)
def test_a_damaged_model_is_refused_and_says_what_to_do(change) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a function of octets
    """Half a model would have half an opinion."""
    with pytest.raises(ConfigError, match="train it again"):
        decoded(change(encoded(model(casino=1.0))))


@given(st.binary(max_size=200), st.sampled_from([b"", b"{}", b'{"weights": 1}', b"[]", b"9"]))
def test_a_file_with_a_right_checksum_and_anything_in_it_is_refused(
    body: bytes, head: bytes
) -> None:
    """A file that somebody forged is a mistake of the configuration, and no crash."""
    rest = head + b"\n" + body
    forged = b"vedette-model 1 " + sha256(rest).hexdigest().encode() + b"\n" + rest
    with pytest.raises(ConfigError):
        decoded(forged)


def test_a_weight_that_is_no_number_is_refused() -> None:
    """An infinite weight would decide alone."""
    with pytest.raises(ConfigError):
        decoded(encoded(model(casino=float("inf"))))
