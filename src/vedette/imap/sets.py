"""Sets of UIDs as ranges. It must not know messages, folders or commands.

Every operation costs the number of ranges, never the number of UIDs: a server may answer
``1:4294967295`` in a dozen octets.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from vedette.errors import UsageError
from vedette.imap.lexer import UINT32, ParseError, positive

Range = tuple[int, int]

# The end of an open range ``n:*``: one more than any UID (RFC 9051 section 2.3.1.1).
_STAR = UINT32 + 1
# Yahoo and UW imapd cut commands at about 1,000 octets (RFC 2683 section 3.2.1.5 says so too).
WIRE_LENGTH = 1_000
# 2^32 has 10 digits; leading zeros are for the slower way.
_DIGITS = 10


class UidSet:
    """An immutable set of UIDs, ascending and merged.

    It may be open at the top (``n:*``). Membership then means ``uid >= n``: servers answer
    ``UID FETCH 999:*`` with the last message whatever its UID, and ``in`` is the filter.
    """

    __slots__ = ("_ranges",)

    _ranges: tuple[Range, ...]

    def __init__(self, uids: Iterable[int] = ()) -> None:
        self._ranges = _merged((uid, uid) for uid in uids)

    @classmethod
    def span(cls, first: int, last: int) -> UidSet:
        """Return the closed range of both ends, in whichever order they are given."""
        return cls.of_ranges([(first, last)])

    @classmethod
    def since(cls, first: int) -> UidSet:
        """Return ``first:*``, every UID from ``first`` on."""
        if not 1 <= first <= UINT32:
            raise UsageError(f"{first} is not a UID")
        return _build(((first, _STAR),))

    @classmethod
    def of_ranges(cls, ranges: Iterable[Range]) -> UidSet:
        """Return the union of closed ranges. Raises UsageError for what is not a UID."""
        return _build(_merged((min(pair), max(pair)) for pair in ranges))

    @classmethod
    def parse(cls, wire: bytes, *, items: int = 100_000) -> UidSet:
        """Read a set that a server sent. Raises ParseError; ``*`` means nothing in an answer."""
        return _build(_merged(parse_ranges(wire, items=items)))

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The closed ranges, ascending; an open end is 2**32."""
        return self._ranges

    @property
    def is_open(self) -> bool:
        """True for a set that ends in ``*``."""
        return bool(self._ranges) and self._ranges[-1][1] == _STAR

    @property
    def first(self) -> int | None:
        """The lowest UID, or None of an empty set."""
        return self._ranges[0][0] if self._ranges else None

    @property
    def last(self) -> int | None:
        """The highest UID, or None of an empty set; 2**32 - 1 of an open one."""
        return min(self._ranges[-1][1], UINT32) if self._ranges else None

    @property
    def wire(self) -> bytes:
        """The set as the protocol writes it: ``1:3,5,9:*``."""
        return b",".join(map(_wire, self._ranges))

    def chunks(self, *, octets: int = WIRE_LENGTH, uids: int | None = None) -> Iterator[UidSet]:
        """Cut into ascending sets of at most so many octets on the wire and so many UIDs."""
        part: list[Range] = []
        length = taken = 0
        for pair in _divided(self._ranges, uids):
            cost = len(_wire(pair)) + 1
            size = pair[1] - pair[0] + 1
            full = uids is not None and taken + size > uids
            if part and (length + cost > octets + 1 or full):
                yield _build(_merged(part))
                part, length, taken = [], 0, 0
            part.append(pair)
            length += cost
            taken += size
        if part:
            yield _build(_merged(part))

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, int):
            return False
        index = bisect_right(self._ranges, (uid, _STAR)) - 1
        return index >= 0 and uid <= self._ranges[index][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self._ranges:
            yield from range(first, min(last, UINT32) + 1)

    def __reversed__(self) -> Iterator[int]:
        for first, last in reversed(self._ranges):
            yield from range(min(last, UINT32), first - 1, -1)

    def __len__(self) -> int:
        return sum(min(last, UINT32) - first + 1 for first, last in self._ranges)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __or__(self, other: UidSet) -> UidSet:
        if not (self and other):
            return self or other
        return _build(_merged((*self._ranges, *other.ranges)))

    def __and__(self, other: UidSet) -> UidSet:
        if len(other.ranges) == 1:
            return self._within(*other.ranges[0])
        return self - (self - other)

    def _within(self, first: int, last: int) -> UidSet:
        """Return what lies in one range, without looking at what lies outside or well inside."""
        start = bisect_left(self._ranges, first, key=_high)
        end = bisect_right(self._ranges, last, key=_low)
        inside = list(self._ranges[start:end])
        if inside:
            inside[0] = (max(inside[0][0], first), inside[0][1])
            inside[-1] = (inside[-1][0], min(inside[-1][1], last))
        return _build(tuple(inside))

    def __sub__(self, other: UidSet) -> UidSet:
        result: list[Range] = []
        holes = other.ranges
        index = 0
        for first, last in self._ranges:
            start = first
            while index < len(holes) and holes[index][1] < start:
                index += 1
            at = index
            while at < len(holes) and holes[at][0] <= last and start <= last:
                if holes[at][0] > start:
                    result.append((start, holes[at][0] - 1))
                start = holes[at][1] + 1
                at += 1
            if start <= last:
                result.append((start, last))
        return _build(_merged(result))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UidSet) and self._ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self._ranges)

    def __repr__(self) -> str:
        return f"UidSet({self.wire.decode()})"


def parse_ranges(wire: bytes, *, items: int = 100_000) -> list[Range]:
    """Read the ranges in the order in which a server wrote them. Raises ParseError."""
    if wire.count(b",") >= items:
        raise ParseError(f"more than {items} ranges")
    ranges = []
    for part in wire.split(b","):
        if part.isdigit() and len(part) <= _DIGITS and 1 <= (uid := int(part)) <= UINT32:
            ranges.append((uid, uid))  # most are single; 100,000 of them take 30 ms
            continue
        low, colon, high = part.partition(b":")
        first, last = positive(low), positive(high if colon else low)
        if first is None or last is None:
            raise ParseError("not a set of UIDs")
        ranges.append((min(first, last), max(first, last)))
    return ranges


def _build(ranges: tuple[Range, ...]) -> UidSet:
    result = UidSet.__new__(UidSet)
    result._ranges = ranges  # noqa: SLF001 - the one builder beside __init__
    return result


def _merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    result: list[Range] = []
    for first, last in sorted(ranges):
        if first < 1 or last > _STAR:
            raise UsageError(f"{first}:{last} is not a range of UIDs (1 to {UINT32})")
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return tuple(result)


def _low(pair: Range) -> int:
    return pair[0]


def _high(pair: Range) -> int:
    return pair[1]


def _divided(ranges: Iterable[Range], uids: int | None) -> Iterator[Range]:
    """Cut long ranges into pieces of ``uids``; an open range has no known length and stays."""
    for first, last in ranges:
        start = first
        while uids is not None and last != _STAR and last - start >= uids:
            yield start, start + uids - 1
            start += uids
        yield start, last


def _wire(pair: Range) -> bytes:
    first, last = pair
    if last == _STAR:
        return b"%d:*" % first
    return b"%d" % first if first == last else b"%d:%d" % pair
