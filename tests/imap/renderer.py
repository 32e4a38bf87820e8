"""A small server's pen: writes responses as octets, in one of the many ways that are legal."""

from __future__ import annotations

from hypothesis import strategies as st

from vedette.imap import (
    ESearch,
    Exists,
    Expunge,
    Fetch,
    ListItem,
    Response,
    Search,
    Section,
    StatusItem,
    UidSet,
    Vanished,
)

uids = st.integers(1, 2**32 - 1)
names = st.binary(min_size=1, max_size=12)
words = st.text("abcXYZ$-_.", min_size=1, max_size=8)
flags = st.frozensets(st.sampled_from(["\\Seen", "\\Flagged", "$Junk"]) | words, max_size=4).filter(
    lambda them: not any(flag.upper() == "NIL" for flag in them)
)
sets = st.sets(uids, min_size=1, max_size=9).map(UidSet)


def optional(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | values


fetches = st.builds(
    Fetch,
    seq=st.integers(0, 2**32 - 1),
    uid=optional(uids),
    flags=st.none() | flags,
    size=optional(st.integers(0, 2**63 - 1)),
    modseq=optional(st.integers(1, 2**63 - 1)),
    gm_message_id=optional(st.integers(1, 2**64 - 1)),
    gm_labels=st.none() | st.lists(names, max_size=3).map(tuple),
    sections=st.lists(
        st.builds(
            Section,
            name=st.sampled_from([b"", b"HEADER", b"1.2", b"HEADER.FIELDS (A B)"]),
            origin=optional(st.integers(0, 2**32 - 1)),
            data=st.none() | st.binary(max_size=40),
        ),
        max_size=3,
    ).map(tuple),
)
items = st.builds(
    ListItem,
    name=names,
    delimiter=st.none() | st.sampled_from([b"/", b".", b"\\", b'"']),
    attributes=st.frozensets(words.map(lambda word: "\\" + word.lower()), max_size=3),
)
statuses = st.builds(
    StatusItem,
    name=names,
    messages=optional(st.integers(0, 2**32 - 1)),
    uid_next=optional(uids),
    uid_validity=optional(uids),
    highest_modseq=optional(st.integers(1, 2**63 - 1)),
)
searches = st.builds(
    Search, numbers=st.lists(uids, max_size=9).map(tuple), modseq=optional(st.integers(1, 2**62))
)
esearches = st.builds(
    ESearch,
    tag=st.none() | words,
    uid=st.booleans(),
    max=optional(uids),
    count=optional(st.integers(0, 99)),
    all=st.none() | sets,
)
responses: st.SearchStrategy[Response] = (
    fetches
    | items
    | statuses
    | searches
    | esearches
    | st.builds(Exists, count=st.integers(0, 2**32 - 1))
    | st.builds(Expunge, seq=st.integers(1, 2**32 - 1))
    | st.builds(Vanished, uids=sets, earlier=st.booleans())
)


def string(octets: bytes, draw: int) -> bytes:
    """Write a string: quoted where it can be, or as any of three literals."""
    quotable = not any(octet in octets for octet in b"\r\n\0")
    if quotable and draw % 2:
        return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    marker = (b"{%d}\r\n", b"{%04d}\r\n", b"~{%d}\n")[draw % 3]
    return marker % len(octets) + octets


def render(response: Response, draw: int) -> bytes:
    """Write one response with its line end."""
    end = b"\r\n" if draw % 5 else b"\n"
    return b"* " + _body(response, draw) + b" " * (draw % 2) + end


def _body(response: Response, draw: int) -> bytes:
    match response:
        case Fetch():
            return b"%d FETCH (%s)" % (response.seq, b" ".join(_fetch_items(response, draw)))
        case ListItem():
            return _list(response, draw)
        case StatusItem(name=name):
            return b"STATUS %s (%s)" % (string(name, draw), _numbers(response))
        case ESearch():
            return _esearch(response)
        case _:
            return _short(response)


def _short(response: Response) -> bytes:
    match response:
        case Search(numbers=numbers, modseq=modseq):
            tail = b" (MODSEQ %d)" % modseq if modseq else b""
            return b"SEARCH" + b"".join(b" %d" % number for number in numbers) + tail
        case Exists(count=count):
            return b"%d EXISTS" % count
        case Expunge(seq=seq):
            return b"%d expunge" % seq
        case Vanished(uids=members, earlier=earlier):
            return b"VANISHED " + (b"(EARLIER) " if earlier else b"") + members.wire
        case _:
            raise NotImplementedError


def _list(item: ListItem, draw: int) -> bytes:
    mark = string(item.delimiter, 1) if item.delimiter is not None else b"NIL"
    attributes = " ".join(item.attributes).encode()
    return b"LIST (%s) %s %s" % (attributes, mark, string(item.name, draw))


def _fetch_items(fetch: Fetch, draw: int) -> list[bytes]:
    written = [b"X-VENDOR (a (b))"] if draw % 3 == 0 else []
    numbers = [
        (b"UID %d", fetch.uid),
        (b"RFC822.SIZE %d", fetch.size),
        (b"MODSEQ (%d)", fetch.modseq),
        (b"X-GM-MSGID %d", fetch.gm_message_id),
    ]
    written += [form % number for form, number in numbers if number is not None]
    if fetch.flags is not None:
        written.append(f"FLAGS ({' '.join(fetch.flags)})".encode())
    if fetch.gm_labels is not None:
        labels = [string(label, draw) for label in fetch.gm_labels]
        written.append(b"X-GM-LABELS (" + b" ".join(labels) + b")")
    for section in fetch.sections:
        origin = b"<%d>" % section.origin if section.origin is not None else b""
        assert section.data is None or isinstance(section.data, bytes)
        data = string(section.data, draw) if section.data is not None else b"NIL"
        written.append(b"BODY[" + section.name + b"]" + origin + b" " + data)
    return written


def _numbers(item: StatusItem) -> bytes:
    pairs = [
        (b"MESSAGES", item.messages),
        (b"UIDNEXT", item.uid_next),
        (b"UIDVALIDITY", item.uid_validity),
        (b"HIGHESTMODSEQ", item.highest_modseq),
    ]
    return b" ".join(b"%s %d" % (name, value) for name, value in pairs if value is not None)


def _esearch(response: ESearch) -> bytes:
    written = [b"ESEARCH"]
    if response.tag is not None:
        written.append(f'(TAG "{response.tag}")'.encode())
    if response.uid:
        written.append(b"UID")
    if response.max is not None:
        written.append(b"MAX %d" % response.max)
    if response.count is not None:
        written.append(b"COUNT %d" % response.count)
    if response.all is not None:
        written.append(b"ALL " + response.all.wire)
    return b" ".join(written)
