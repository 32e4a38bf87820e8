"""Whatever a caller looks for, the server is told exactly that, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.imap import TextKey, UidSearch
from vedette.imap.encoder import Encoder
from vedette.service.mailbox.place import MessagePlace, place_of
from vedette.service.mailbox.search import MAX_TEXT, Question, criteria
from vedette.service.refusals import InvalidError, NotFoundError

#: Text of any kind, and what the protocol is made of.
ANY = st.one_of(st.text(max_size=40), st.text('"\\{}()*% \r\n\0AN', max_size=40))


def wire(question: Question) -> bytes:
    """Return what is sent, parts that wait for a "+" among it."""
    out = Encoder("A1", "UID SEARCH", free_literal=0, utf8=False, maximum=8_000)
    UidSearch(criteria=criteria(question)).write(out)
    return b"".join(out.finish())


def words(line: bytes) -> list[bytes]:
    """Read a command as a server does: atoms, quoted strings, literals (RFC 9051 section 9)."""
    found, at = [], 0
    assert line.endswith(b"\r\n")
    line = line[:-2]
    while at < len(line):
        if line[at : at + 1] == b" ":
            at += 1
        elif line[at : at + 1] == b'"':
            text, at = bytearray(), at + 1
            while line[at : at + 1] != b'"':
                at += line[at : at + 1] == b"\\"
                text += line[at : at + 1]
                at += 1
            found.append(bytes(text))
            at += 1
        elif line[at : at + 1] == b"{":
            end = line.index(b"}\r\n", at)
            size = int(line[at + 1 : end])
            found.append(line[end + 3 : end + 3 + size])
            at = end + 3 + size
        else:
            end = line.find(b" ", at)
            end = len(line) if end < 0 else end
            assert b"\r" not in line[at:end]
            found.append(line[at:end])
            at = end
    return found


@given(texts=st.dictionaries(st.sampled_from(TextKey), ANY, min_size=1))
def test_every_text_arrives_as_the_one_that_was_looked_for(texts: dict[TextKey, str]) -> None:
    """What can be sent is one value; what can not is a mistake with its field."""
    question = Question(texts=texts)
    try:
        sent = words(wire(question))
    except InvalidError as error:
        wrong = {each.field for each in error.mistakes}
        assert wrong <= {key.value.lower() for key in texts}
        return
    charset = [] if all(each.isascii() for each in texts.values()) else [b"CHARSET", b"UTF-8"]
    pairs = [word for key, text in texts.items() for word in (key.value.encode(), text.encode())]
    assert sent == [b"A1", b"UID", b"SEARCH", *charset, *pairs]


@given(name=ANY, value=ANY)
def test_a_header_is_a_name_and_a_text(name: str, value: str) -> None:
    """No name of a field becomes anything else."""
    try:
        sent = words(wire(Question(header=f"{name}:{value}")))
    except InvalidError:
        return
    field, _, text = f"{name}:{value}".partition(":")
    assert sent[-3:] == [b"HEADER", field.encode(), text.strip(" ").encode()]


@given(keyword=ANY)
def test_a_keyword_is_an_atom(keyword: str) -> None:
    """Or it is a mistake."""
    try:
        sent = words(wire(Question(keyword=keyword)))
    except InvalidError:
        return
    assert sent[-2:] == [b"KEYWORD", keyword.encode()]


def test_all_that_can_be_asked_at_once_fits_into_a_command() -> None:
    """The longest texts, each octet quoted."""
    longest = '"' * MAX_TEXT
    question = Question(
        texts=dict.fromkeys(TextKey, longest),
        header=("X:" + longest)[:MAX_TEXT],
        message_id=longest,
        keyword="k" * 100,
        since=date.min,
        before=date.max,
        larger=0,
        smaller=2**40,
        seen=False,
        flagged=True,
        answered=False,
        uid=7,
    )

    assert words(wire(question))[-3:] == [b"FLAGGED", b"NOT", b"ANSWERED"]


@given(
    folder=st.binary(min_size=1, max_size=100),
    validity=st.integers(1, 2**32 - 1),
    uid=st.integers(1, 2**32 - 1),
)
def test_an_id_is_read_as_it_was_written(folder: bytes, validity: int, uid: int) -> None:
    """Unless its folder could not be a name on the wire."""
    place = MessagePlace(folder=folder, uid_validity=validity, uid=uid)
    if any(each in folder for each in (b"\r", b"\n", b"\0")):
        with pytest.raises(NotFoundError):
            place_of(place.id)
    else:
        assert place_of(place.id) == place


@given(text=st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1"))))
def test_what_is_no_id_names_no_message(text: str) -> None:
    """It is never another error, and two words never name the same message."""
    try:
        place = place_of(text)
    except NotFoundError:
        return
    assert place.id == text
