"""A list may name other lists of its pack."""

from __future__ import annotations

from vedette.guard.listing.references import resolved
from vedette.guard.pack import Gate, List


def test_a_named_list_stands_for_its_entries() -> None:
    """In what is taken off, and in what must not be on it."""
    local = List(name="allow-local", entries=("a.example.com", "b.example.com"))
    wanted = List(
        name="gambling",
        never=("allow-local", "c.example.com", "public_suffix"),
        gate=Gate(canaries=("ham_senders", "allow-local")),
    )

    found = resolved(wanted, [local, wanted])

    assert found.never == ("a.example.com", "b.example.com", "c.example.com")
    assert found.gate.canaries == ("a.example.com", "b.example.com")
