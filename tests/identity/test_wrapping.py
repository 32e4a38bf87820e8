"""A wrapping key is read in any usual spelling, known by its fingerprint, and strict."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.identity.keep import ANNA, BERT, wrapping
from vedette.errors import SecretDamagedError, SecretError
from vedette.identity.envelope import NONCE
from vedette.identity.wrapping import Keyring, WrappingKey, wrapping_key
from vedette.ports.records import DataKey
from vedette.secret import Secret

DATA = Secret(bytes(reversed(range(32))))
RAW = bytes(range(100, 132))


def wrapped(by: str = "a", *, number: int = 1) -> DataKey:
    bare = DataKey(tenant=ANNA, number=number, wrapper="", wrapped=b"", created_at=1.0)
    return wrapping(by).wrap(bare, DATA, os.urandom(NONCE))


def test_a_data_key_comes_back_from_its_wrapping() -> None:
    """Under the key that it names."""
    key = wrapped()

    assert key.wrapper == wrapping().name
    assert Keyring(wrapping()).unwrap(key) == DATA
    assert DATA.reveal() not in key.wrapped


def test_an_old_key_still_opens() -> None:
    """Until a rotation has reached everything."""
    assert Keyring(wrapping("b"), [wrapping("a")]).unwrap(wrapped("a")) == DATA


def test_a_key_that_is_not_here_is_named() -> None:
    """A wrong key is told from a damaged row: by its fingerprint."""
    with pytest.raises(SecretError, match=f"the fingerprint {wrapping('a').name}") as caught:
        Keyring(wrapping("b")).unwrap(wrapped("a"))

    assert not isinstance(caught.value, SecretDamagedError)


@pytest.mark.parametrize(
    "change",
    [{"tenant": BERT}, {"number": 2}, {"wrapped": b""}, {"wrapped": bytes(60)}],
    ids=["tenant", "number", "empty", "other"],
)
def test_a_data_key_that_was_moved_or_changed_is_refused(change: dict[str, object]) -> None:
    """A tenant's key in another's row would open that one's secrets."""
    key = wrapped()
    changed = DataKey(
        **{
            "tenant": key.tenant,
            "number": key.number,
            "wrapper": key.wrapper,
            "wrapped": key.wrapped,
            "created_at": 1.0,
            **change,
        }  # type: ignore[arg-type]
    )

    with pytest.raises(SecretDamagedError):
        Keyring(wrapping()).unwrap(changed)


def test_every_bit_of_a_wrapped_key_counts() -> None:
    """A change anywhere is an error, never another key."""
    key = wrapped()

    for place in range(len(key.wrapped)):
        changed = bytearray(key.wrapped)
        changed[place] ^= 1
        with pytest.raises(SecretDamagedError):
            wrapping().unwrap(
                DataKey(
                    tenant=ANNA,
                    number=1,
                    wrapper=key.wrapper,
                    wrapped=bytes(changed),
                    created_at=1.0,
                )
            )


@given(raw=st.binary(min_size=32, max_size=32).filter(lambda raw: len(set(raw)) >= 10))
def test_every_usual_spelling_is_read(raw: bytes) -> None:
    """Hex in either case, base64 of either alphabet, padded or not, with a line's end."""
    name = WrappingKey(Secret(raw)).name
    spellings = [
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode(),
        f"  {raw.hex()}\r\n",
    ]

    assert {wrapping_key(Secret(each), "a test").name for each in spellings} == {name}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        RAW.hex()[:-2],
        RAW.hex() + "00",
        RAW.hex()[:-1] + "g",
        base64.b64encode(RAW[:31]).decode(),
        base64.b64encode(RAW + b"x").decode(),
        "é" * 64,
    ],
)
def test_what_is_no_key_is_refused_without_a_word_of_it(text: str) -> None:
    """Too short, too long, no hex, no base64."""
    with pytest.raises(SecretError, match=r"the file holds no key: .*openssl rand") as caught:
        wrapping_key(Secret(text), "the file")

    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("text", ["0" * 64, "ab" * 32, "0123" * 16])
def test_a_placeholder_is_no_key(text: str) -> None:
    """It has the form of a key, and everybody can guess it."""
    with pytest.raises(SecretError, match="placeholder"):
        wrapping_key(Secret(text), "the file")


def test_a_key_is_not_shown() -> None:
    """What prints a key or a ring prints fingerprints."""
    key = wrapping()
    shown = f"{key!r} {Keyring(key)!r} {key}"

    assert key.name in shown
    assert RAW.hex() not in shown


@given(text=st.text(max_size=80))
def test_any_text_is_a_key_or_a_clear_error(text: str) -> None:
    """Nothing else is raised, and nearly nothing is a key."""
    with pytest.raises(SecretError, match="the file holds"):
        wrapping_key(Secret(text), "the file")
