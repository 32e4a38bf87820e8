"""An envelope opens at its own place, unchanged, under its own key, or not at all."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import SecretDamagedError, SecretError
from vedette.identity.envelope import KEY, MOST, NONCE, Place, bound, number_of, seal, unseal
from vedette.model.ids import TenantId
from vedette.ports.records import Kind
from vedette.secret import Secret

HOME = Place(kind=Kind.ACCOUNT, tenant=TenantId("anna"), id="post", name="password")
THE_KEY = Secret(bytes(range(KEY)))


def sealed(text: str = "hunter2", *, place: Place = HOME, number: int = 1) -> bytes:
    return seal(THE_KEY, number, place, Secret(text), os.urandom(NONCE))


@given(text=st.text(), number=st.integers(0, 2**32 - 1))
def test_any_text_comes_back_as_it_was(text: str, number: int) -> None:
    """Lone surrogates and NULs included: a password is whatever somebody typed."""
    envelope = sealed(text, number=number)

    assert unseal(THE_KEY, envelope, HOME).reveal() == text
    assert number_of(envelope, HOME) == number


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HOME, tenant=TenantId("bert")),
        replace(HOME, id="other"),
        replace(HOME, name="refresh_token"),
        replace(HOME, kind=Kind.ENDPOINT),
        # The same letters, parted in another way.
        replace(HOME, id="postp", name="assword"),
    ],
    ids=["tenant", "id", "name", "kind", "seam"],
)
def test_an_envelope_opens_at_its_own_place_alone(elsewhere: Place) -> None:
    """Who can write to the database can not have one row's secret used for another."""
    envelope = sealed()

    with pytest.raises(SecretDamagedError, match="from another place"):
        unseal(THE_KEY, envelope, elsewhere)


def test_every_bit_counts() -> None:
    """A change anywhere in the envelope is an error, never another secret."""
    envelope = sealed()

    for place in range(len(envelope)):
        for bit in range(8):
            changed = bytearray(envelope)
            changed[place] ^= 1 << bit
            with pytest.raises(SecretDamagedError):
                unseal(THE_KEY, bytes(changed), HOME)


@given(cut=st.integers(0, 39))
def test_a_cut_envelope_is_refused(cut: int) -> None:
    """At any length."""
    with pytest.raises(SecretDamagedError):
        unseal(THE_KEY, sealed()[:cut], HOME)


@given(octets=st.binary(max_size=200))
def test_octets_of_anybody_are_refused(octets: bytes) -> None:
    """Nothing but what was sealed opens, and nothing else is raised."""
    with pytest.raises(SecretDamagedError):
        unseal(THE_KEY, octets, HOME)


def test_another_key_opens_nothing() -> None:
    """It is an error, not an empty password."""
    with pytest.raises(SecretDamagedError):
        unseal(Secret(bytes(KEY)), sealed(), HOME)


def test_a_newer_form_is_named() -> None:
    """After a downgrade a person reads why."""
    newer = b"\x02" + sealed()[1:]

    with pytest.raises(SecretDamagedError, match="kept in form 2"):
        unseal(THE_KEY, newer, HOME)


@pytest.mark.parametrize("text", ["x" * (MOST + 1), "é" * (MOST // 2 + 1)], ids=["ascii", "two"])
def test_a_secret_has_a_bound(text: str) -> None:
    """In octets; what is larger is refused before it is sealed, without a word of it."""
    with pytest.raises(SecretError, match=f"more than {MOST} octets") as caught:
        sealed(text)

    assert text[:8] not in str(caught.value)
    assert unseal(THE_KEY, sealed("x" * MOST), HOME).reveal() == "x" * MOST


@given(one=st.lists(st.text(max_size=4)), other=st.lists(st.text(max_size=4)))
def test_different_places_never_spell_the_same(one: list[str], other: list[str]) -> None:
    """Each part has its length before it."""
    assert (bound(b"x", *one) == bound(b"x", *other)) == (one == other)


def test_200_000_envelopes_have_as_many_nonces() -> None:
    """They come from the system, 96 bits each: a repeat would give the key away."""
    nonces = {os.urandom(NONCE) for _ in range(200_000)}

    assert len(nonces) == 200_000
