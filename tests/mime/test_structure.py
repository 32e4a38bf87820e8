"""Parts are found by offset, numbered as IMAP numbers them, and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mime.letter import ENVELOPE, letter, multipart, raw, typed
from vedette import mime
from vedette.mime import Defect, Limits, headers, structure
from vedette.mime.structure import Part


def tree(data: bytes, limits: Limits | None = None) -> tuple[Part, set[Defect]]:
    bounds = limits or Limits()
    defects: set[Defect] = set()
    header = headers.scan(data, 0, bounds, defects)
    return structure.walk(data, limits=bounds, defects=defects, header=header), defects


def paths(part: Part) -> list[tuple[str, str]]:
    found = [(part.path, part.content_type)]
    for child in part.children:
        found.extend(paths(child))
    return found


def test_parts_are_numbered_as_imap_numbers_them() -> None:
    """RFC 3501 section 6.4.5: a message's multipart has no number of its own."""
    inner = "Content-Type: multipart/alternative; boundary=in\n\n--in\n\na\n--in\n\nb\n--in--"
    forwarded = "Content-Type: message/rfc822\n\nSubject: in\n\nhello"
    wrapped = f"Content-Type: message/rfc822\n\nSubject: in\n{inner.replace('in', 'deep')}"

    root, defects = tree(multipart("\nx", inner, forwarded, wrapped))

    assert [path for path, _kind in paths(root)] == [
        "", "1", "2", "2.1", "2.2", "3", "3.1", "4", "4", "4.1", "4.2",
    ]  # fmt: skip
    assert defects == set()


def test_the_only_part_of_a_message_is_part_one() -> None:
    """As in ``FETCH BODY[1]``."""
    root, _defects = tree(letter())

    assert root.path == "1"


def test_a_part_is_fetched_by_its_id() -> None:
    """Decoded, wherever it is; an unknown id gives nothing."""
    data = multipart(
        "\nx",
        "Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=in\n\n"
        "--in\n\ntext\n--in\nContent-Transfer-Encoding: base64\n"
        "Content-Type: application/pdf\n\nQUJD\n--in--",
    )

    assert mime.attachment_bytes(data, "2.2") == b"ABC"
    assert mime.attachment_bytes(data, "2") is not None
    assert mime.attachment_bytes(data, "9") is None
    assert mime.attachment_bytes(letter("Hello"), "1") == b"Hello"


def test_a_fetched_message_is_whole() -> None:
    """Header and body, as they were attached."""
    inner = "From: a@b\nSubject: in\n\nhello"

    data = multipart("\nx", f"Content-Type: message/rfc822\n\n{inner}")

    assert mime.attachment_bytes(data, "2") == inner.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_the_line_end_before_a_delimiter_belongs_to_it(end: str) -> None:
    """RFC 2046 section 5.1.1, with both line ends that mail has."""
    data = typed("multipart/mixed; boundary=b", "--b\n\none\n\n--b--\n").replace(
        b"\r\n", end.encode()
    )

    root, _defects = tree(data)

    assert root.children[0].body(data) == b"one" + end.encode()


def test_padding_after_a_delimiter_is_passed_over() -> None:
    """Relays add spaces and tabs."""
    root, defects = tree(typed("multipart/mixed; boundary=b", "--b \t\n\none\n--b--  \nepilogue\n"))

    assert len(root.children) == 1
    assert defects == set()


def test_an_outer_delimiter_ends_an_inner_multipart() -> None:
    """The inner one was not closed: told, and nothing is swallowed."""
    root, defects = tree(
        multipart("Content-Type: multipart/mixed; boundary=in\n\n--in\n\none", "\ntwo")
    )

    assert [len(child.children) for child in root.children] == [1, 0]
    assert defects == {Defect.BOUNDARY_UNCLOSED}


def test_a_delimiter_ends_a_header_without_an_empty_line() -> None:
    """A boundary with a colon looks like a field."""
    root, _defects = tree(
        typed('multipart/mixed; boundary="a:b"', "--a:b\nX: y\n--a:b\n\ntwo\n--a:b--")
    )

    assert len(root.children) == 2


def test_a_multipart_without_its_boundary_is_read_as_text() -> None:
    """What is there is not lost."""
    message = mime.read(typed("multipart/mixed; boundary=b", "just text\n"))

    assert message.text.plain == "just text\n"
    assert Defect.BOUNDARY_MISSING in message.defects


def test_a_multipart_that_names_no_boundary_shows_it() -> None:
    """Its first line is taken for it."""
    message = mime.read(typed("multipart/mixed", "--b\n\none\n--b--\n"))

    assert message.text.plain == "one"
    assert Defect.BOUNDARY_MISSING in message.defects


def test_a_boundary_used_twice_is_told() -> None:
    """Parts of the inner one become parts of the outer one, as in other readers."""
    root, defects = tree(multipart("Content-Type: multipart/mixed; boundary=sep\n\npre", "\ntwo"))

    assert len(root.children) == 2
    assert Defect.BOUNDARY_REPEATED in defects


def test_no_more_attached_messages_are_told_than_the_limit() -> None:
    """The others are attachments, and the cut is told."""
    data = multipart(*["Content-Type: message/rfc822\n\nSubject: in\n\nhello"] * 3)

    message = mime.read(data, limits=Limits(nested=2))

    assert (len(message.nested), len(message.attachments)) == (2, 3)
    assert Defect.NESTED_CUT in message.defects


def test_a_digest_holds_messages() -> None:
    """RFC 2046 section 5.1.5: they need not say so."""
    message = mime.read(multipart("\nFrom: a@b\nSubject: in\n\nhello", kind="digest"))

    assert [each.subject for each in message.nested] == ["in"]


@given(st.integers(0, 60), st.integers(1, 20))
def test_no_more_parts_are_opened_than_the_limit(parts: int, most: int) -> None:
    """One more is told."""
    data = multipart(*["\nx"] * parts)

    root, defects = tree(data, Limits(parts=most))

    assert len(paths(root)) <= most
    assert (Defect.PARTS in defects) == (parts + 1 > most)


@given(
    st.lists(st.sampled_from(["a", "--sep", "--sepa", "--", "", "---sep", "--sep-"]), max_size=12)
)
def test_a_delimiter_is_a_whole_line(lines: list[str]) -> None:
    """Only the line that is the delimiter divides."""
    data = raw(f"{ENVELOPE}Content-Type: multipart/mixed; boundary=sep\n\n" + "\n".join(lines))

    root, _defects = tree(data)

    assert len(root.children) == lines.count("--sep")
