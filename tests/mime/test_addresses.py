"""Address fields, from the RFC to what no grammar allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.mime import Address, Defect, addresses


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("joe@example.org", [("", "joe@example.org")]),
        ("Joe <joe@example.org>", [("Joe", "joe@example.org")]),
        ('"Doe, Joe" <joe@example.org>', [("Doe, Joe", "joe@example.org")]),
        ('"Joe \\"J\\" Doe" <j@x.org>', [('Joe "J" Doe', "j@x.org")]),
        ("joe@example.org (Joe Doe)", [("Joe Doe", "joe@example.org")]),
        ("joe@example.org (Joe (the) Doe)", [("Joe the Doe", "joe@example.org")]),
        ("a@x.org, b@x.org", [("", "a@x.org"), ("", "b@x.org")]),
        ("a@x.org; b@x.org", [("", "a@x.org"), ("", "b@x.org")]),
        (", a@x.org,,", [("", "a@x.org")]),
        ("Team: a@x.org, B <b@x.org>;, c@x.org", [("", "a@x.org"), ("B", "b@x.org"), ("", "c@x.org")]),
        ("undisclosed-recipients:;", []),
        ("", []),
        ("=?utf-8?Q?J=C3=BCrgen?= <j@x.org>", [("Jürgen", "j@x.org")]),
        ('"=?utf-8?Q?J=C3=BCrgen?=" <j@x.org>', [("Jürgen", "j@x.org")]),
        ("=?utf-8?Q?a=40b.org=2C_c?= <j@x.org>", [("a@b.org, c", "j@x.org")]),
        ("<joe@example.org>", [("", "joe@example.org")]),
        ("Joe <joe@example.org", [("Joe", "joe@example.org")]),
        ("Joe joe@example.org", [("Joe", "joe@example.org")]),
        ("<@a.org,@b.org:joe@example.org>", [("", "joe@example.org")]),
        ("<mailto:joe@example.org>", [("", "joe@example.org")]),
        ('"joe doe"@example.org', [("", '"joe doe"@example.org')]),
        ("Joe", [("Joe", "")]),
        ("<>", [("", "")]),
        ("jürgen@münchen.example", [("", "jürgen@münchen.example")]),
        ("Re: Joe <joe@example.org>", [("Re: Joe", "joe@example.org")]),
    ],
)  # fmt: skip
def test_mailboxes_are_found_as_senders_write_them(
    field: str, found: list[tuple[str, str]]
) -> None:
    """RFC 5322 section 3.4 and the dialects of mail programs."""
    boxes = addresses.parse(field, 100, set())

    assert [(box.name, box.address) for box in boxes] == found


def test_a_name_can_not_smuggle_in_a_second_address() -> None:
    """Encoded words are decoded after the structure is known (RFC 2047 section 5)."""
    boxes = addresses.parse("=?utf-8?Q?=3Cceo=40corp=2Eexample=3E=2C?= <e@x.org>", 100, set())

    assert boxes == (Address("<ceo@corp.example>,", "e@x.org"),)


def test_two_angles_in_one_mailbox_are_told() -> None:
    """Readers differ in which one they take."""
    defects: set[Defect] = set()

    addresses.parse("<a@x.org> <b@x.org>", 100, defects)

    assert defects == {Defect.ADDRESS_AMBIGUOUS}


def test_addresses_beyond_the_limit_are_told() -> None:
    """The first of them are there."""
    defects: set[Defect] = set()

    boxes = addresses.parse("a@x.org, b@x.org, c@x.org", 2, defects)

    assert [box.address for box in boxes] == ["a@x.org", "b@x.org"]
    assert defects == {Defect.ADDRESSES_CUT}


#: What fields of addresses are made of, sound and odd.
_PIECES = st.sampled_from(
    ["a@b", "c.d@e.org", "Joe", '"Doe, J"', '"', "<", ">", "<a@b>", "<a@b", ", ", ",", ";", ":", "(x)", " ",
     "\t", "@", "\\", "=?utf-8?q?=3C?=", "=?", "ü", "mailto:"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_a_field_without_oddities_is_read_as_any_other(field: str) -> None:
    """The fast way says the same as the way that reads whatever comes, or leaves it to that."""
    whole_defects, defects = set[Defect](), set[Defect]()

    whole = addresses._whole(field, 5, whole_defects)

    if whole is not None:
        assert whole == addresses._pieced(field, 5, defects)
        assert whole_defects == defects
