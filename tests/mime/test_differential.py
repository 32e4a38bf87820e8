"""The standard library and fast-mail-parser agree with the reader where they are right.

The oracles see valid mail built by the standard library itself. Must not know: what
the reader does on broken mail; there is no oracle for that.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
from datetime import datetime, timedelta, timezone
from email.header import Header, decode_header, make_header
from email.message import EmailMessage, Message

import fast_mail_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette import mime

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), max_size=60
).map(lambda text: " ".join(text.split(" ")).strip())
LINES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=80)
BODIES = st.lists(LINES, min_size=1, max_size=8).map("\n".join)
LOCALS = st.text("abcdefghijklmnopqrstuvwxyz0123456789.+-", min_size=1, max_size=12).filter(
    lambda text: ".." not in text and text[0] != "." and text[-1] != "."
)
NAMES = st.text("abcdefghijklmnopqrstuvwxyzäöüß,.()\"' ", max_size=20)
BOXES = st.tuples(NAMES, LOCALS.map(lambda local: f"{local}@example.org"))
FILES = st.text("abcdefäöü€ ;'()", min_size=1, max_size=20).map(lambda name: f"x{name}y.pdf")
calm = settings(max_examples=60)


def compat(data: bytes) -> Message:
    return email.message_from_bytes(data, policy=email.policy.compat32)


@calm
@given(WORDS)
def test_a_subject_is_decoded_as_compat32_decodes_it(text: str) -> None:
    """Encoded and folded by the standard library."""
    data = (
        b"Subject: " + Header(text, "utf-8").encode().replace("\n", "\r\n").encode() + b"\r\n\r\n"
    )

    oracle = str(make_header(decode_header(compat(data)["subject"])))

    assert mime.read(data).subject == oracle.strip() == text.strip()


@calm
@given(st.lists(BOXES, min_size=1, max_size=5))
def test_addresses_are_those_of_the_standard_library(boxes: list[tuple[str, str]]) -> None:
    """Quoted and encoded by it, and read back by both."""
    value = ", ".join(email.utils.formataddr(box) for box in boxes)
    data = f"To: {value}\r\n\r\n".encode()

    oracle = [
        (str(make_header(decode_header(name))), address)
        for name, address in email.utils.getaddresses([compat(data)["to"]])
    ]

    found = [(box.name, box.address) for box in mime.read(data).to]
    assert [address for _name, address in found] == [address for _name, address in oracle]
    assert [" ".join(name.split()) for name, _ in found] == [" ".join(n.split()) for n, _ in oracle]


@calm
@given(st.integers(0, 4_102_444_799), st.integers(-14 * 60, 14 * 60))
def test_a_date_is_that_of_the_standard_library(moment: int, offset: int) -> None:
    """Any moment of this century, in any zone."""
    zone = timezone(timedelta(minutes=offset))
    value = email.utils.format_datetime(datetime.fromtimestamp(moment, zone))

    oracle = email.utils.parsedate_to_datetime(value).isoformat()

    assert mime.read(f"Date: {value}\r\n\r\n".encode()).date == oracle


def built(plain: str, page: str, files: list[tuple[str, bytes]], cte: str) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "x"
    message.set_content(plain, cte=cte)
    message.add_alternative(page, subtype="html", cte=cte)
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


@calm
@given(
    BODIES,
    BODIES,
    st.lists(st.tuples(FILES, st.binary(max_size=200)), max_size=4),
    st.sampled_from(["base64", "quoted-printable", "8bit"]),
)
def test_bodies_and_attachments_are_those_of_both_oracles(
    plain: str, page: str, files: list[tuple[str, bytes]], cte: str
) -> None:
    """Texts, names, sizes and bytes of a message the standard library built."""
    data = built(plain, page, files, cte)

    leaves = [part for part in compat(data).walk() if not part.is_multipart()]
    texts = [
        part.get_payload(decode=True).decode().replace("\r\n", "\n")  # type: ignore[union-attr]
        for part in leaves[:2]
    ]
    rust = fast_mail_parser.parse_email(data)

    message = mime.read(data)
    assert message.defects == ("date-bad", "from-missing", "message-id-missing")
    assert [message.text.plain, message.text.html] == texts
    assert [text.replace("\r\n", "\n") for text in (*rust.text_plain, *rust.text_html)] == texts
    assert [(each.size, mime.attachment_bytes(data, each.id)) for each in message.attachments] == [
        (len(content), content) for _name, content in files
    ]
    assert [part.get_payload(decode=True) for part in leaves[2:]] == [data for _, data in files]
    assert [each.filename for each in message.attachments] == [name for name, _ in files]


@calm
@given(
    st.recursive(st.just([]), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=12)
)
def test_a_tree_of_parts_is_that_of_compat32(shape: list[object]) -> None:
    """Multiparts within multiparts, as deep as hypothesis likes."""

    def build(part: list[object], name: str) -> str:
        if not part:
            return f"Content-Type: image/png\n\n{name}"
        inner = "".join(
            f"--b{name}\n{build(child, f'{name}-{n}')}\n"  # type: ignore[arg-type]
            for n, child in enumerate(part)
        )
        return f'Content-Type: multipart/mixed; boundary="b{name}"\n\n{inner}--b{name}--\n'

    data = build(shape, "r").replace("\n", "\r\n").encode()

    oracle = [part.get_payload() for part in compat(data).walk() if not part.is_multipart()]

    found = mime.read(data).attachments
    assert [(mime.attachment_bytes(data, each.id) or b"").decode() for each in found] == oracle
