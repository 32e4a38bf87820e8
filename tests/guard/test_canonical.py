"""The version of a pack is a digest of what it says."""

from __future__ import annotations

import pytest

from tests.support.packs import GAMBLING, ROUTING, SMALL, packed

SAME = [
    ("guard: small", "guard:   small  # a comment"),
    ("[subject, text]", "[text, subject]"),
    ("where: from, in_list: bad", "in_list: [bad], where: [from]"),
    ("need: LISTED", "need: (LISTED)"),
    ("bad.example", "BAD.example."),
    ("score: 5", "score: 5.0"),
]

DIFFERENT = [
    ("guard: small", "guard: small\nkind: protective"),
    ("guard: small", "guard: other"),
    ("score: 5", "score: 5.5"),
    ("bad.example", "worse.example"),
    ("[subject, text]", "[subject]"),
    ("at: 5", "at: 5.5"),
    ("need: LISTED", "need: LISTED & OFFER"),
    ("Guard/Junk", "Guard/Other"),
    ("{move: Guard/Junk}", "{move: Guard/Junk, seen: true}"),
    ("{move: Guard/Junk}", "{move: Guard/Junk, retain: 30d}"),
    ("free spins", "free spin"),
    ("in_list: bad, ", "in_list: bad, auth: aligned, "),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_another_spelling_is_the_same_version(old: str, new: str) -> None:
    """Comments, order and spelling do not count."""
    assert packed(SMALL.replace(old, new)).version == packed(SMALL).version


@pytest.mark.parametrize(("old", "new"), DIFFERENT)
def test_another_meaning_is_another_version(old: str, new: str) -> None:
    """Whatever could change a verdict, or what is done, counts."""
    assert packed(SMALL.replace(old, new)).version != packed(SMALL).version


def test_the_order_of_routes_counts() -> None:
    """The first that holds decides."""
    one = "{when: VIP, do: page}"
    two = "{when: PDF, do: books}"
    pack = (
        ROUTING[: ROUTING.index("routes:")]
        + "routes: [%s, %s]\n"
        + ROUTING[ROUTING.index("actions:") :]
    )

    assert packed(pack % (one, two)).version != packed(pack % (two, one)).version


def test_a_version_does_not_change_from_one_release_to_the_next() -> None:
    """Decisions name it: the digest of this pack is fixed."""
    assert packed(SMALL).version == "0975a0a8e15a73ad0eb5927fd9a4f10a"
    assert len({packed(text).version for text in (SMALL, GAMBLING, ROUTING)}) == 3
