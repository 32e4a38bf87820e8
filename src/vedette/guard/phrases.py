"""Thousands of phrases in one pass over a text.

A phrase is found as whole words, whatever the case, accents and spacing of the text; an asterisk
at its end or its beginning lets the word go on there: ``bahis*``. A literal is found anywhere: it
tells whether an expression is worth a look. It must not know symbols; whoever asks gives keys.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, unique
from itertools import combinations
from typing import Generic, TypeVar
from unicodedata import category, name

from ahocorasick_rs import AhoCorasick

from vedette.errors import UsageError
from vedette.guard import letters, skeleton
from vedette.guard.skeleton import View

Key = TypeVar("Key", bound=Hashable)

#: Occurrences of phrases that are looked at in one text: 10 ms. A newsletter has some hundreds; a
#: text of a word's parts, over and over, takes no longer than this.
MAX_OCCURRENCES = 20_000
# Characters that are searched at once, so that the search can end between them.
_PIECE = 8_192
#: Characters of one phrase; a masked word's surroundings are as long.
MAX_PHRASE = 64
# Scripts that write no space between words: a phrase may begin and end anywhere.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
# Shorter words become other words when an "i" is taken for an "l": "mails", "malls".
_SWAPPED_FROM = 5
# Of as many letters each may be swapped or not; of more, one or all.
_MOST_SWAPPED = 4
# A word that was spelt out has no end that is seen: "c a s i n o b o n u s e s". Parts of words
# that are shorter are in too many others; fewer letters beside it are an ending, not a word.
_INNER_FROM = 5
_INNER_BESIDE = 3
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue"})


@unique
class _Form(Enum):
    """How a text must write a phrase for it to count."""

    PLAIN = "plain"
    """As it is."""
    LOOKALIKE = "lookalike"
    """With a capital I for an l, or an l for an i: it reads the same in most typefaces."""
    MASKED = "masked"
    """Only where a masked word is touched."""


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase of the pack, as the pack writes it, and whether the text disguised it."""

    phrase: str
    disguised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry(Generic[Key]):
    key: Key
    phrase: str
    form: _Form
    begins: bool = False
    """A word must begin where the phrase does."""
    ends: bool = False


class Index(Generic[Key]):
    """Phrases and literals by key; built once for a guard, read by all messages.

    Raises UsageError for a phrase that is empty or too long.
    """

    __slots__ = ("_automaton", "_entries", "_keys", "_longest")

    def __init__(
        self,
        phrases: Iterable[tuple[Key, str]] = (),
        literals: Iterable[tuple[Key, str]] = (),
    ) -> None:
        entries: dict[str, list[_Entry[Key]]] = {}
        for key, phrase in phrases:
            for text, form in _phrase_forms(phrase):
                begins, ends = _bounds(phrase)
                entry = _Entry(key=key, phrase=phrase, form=form, begins=begins, ends=ends)
                entries.setdefault(text, []).append(entry)
        for key, literal in literals:
            for text, form in _literal_forms(literal):
                entries.setdefault(text, []).append(_Entry(key=key, phrase=literal, form=form))
        self._entries = tuple(tuple(each) for each in entries.values())
        self._keys = frozenset(entry.key for each in self._entries for entry in each)
        self._longest = max(map(len, entries), default=0)
        self._automaton = AhoCorasick(list(entries)) if entries else None

    def find(self, view: View) -> dict[Key, Found]:
        """Return one phrase or literal of each key that occurs in ``view``."""
        found: dict[Key, Found] = {}
        if self._automaton is None or not view.plain:
            return found
        settled: set[int] = set()
        for number, start, end in self._occurrences(self._automaton, view.plain):
            if number in settled:
                continue
            is_settled = True
            for entry in self._entries[number]:
                known = found.get(entry.key)
                if entry.form is _Form.MASKED or (
                    known is not None and (not known.disguised or entry.form is _Form.LOOKALIKE)
                ):
                    continue
                if _stands_alone(entry, view.plain, start, end):
                    disguised = entry.form is _Form.LOOKALIKE
                    found[entry.key] = Found(entry.phrase, disguised=disguised)
                else:
                    is_settled = False
            if is_settled:
                settled.add(number)
        if view.spans and len(found) < len(self._keys):
            self._unmask(self._automaton, view, found)
        return found

    def _occurrences(self, automaton: AhoCorasick, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield what occurs, with its beginning and end, up to a bound."""
        left = MAX_OCCURRENCES
        for at in range(0, len(text), _PIECE):
            piece = text[at : at + _PIECE + self._longest]
            found = automaton.find_matches_as_indexes(piece, overlapping=True)
            for number, start, end in found:
                # What begins in the next piece is found there.
                if start < _PIECE:
                    yield number, at + start, at + end
            left -= len(found)
            if left < 0:
                return

    def _unmask(self, automaton: AhoCorasick, view: View, found: dict[Key, Found]) -> None:
        text = view.skeleton
        for number, start, end in self._occurrences(automaton, text):
            if not _touches(view.spans, start, end):
                continue
            inside = end - start >= _INNER_FROM and _is_inside(view.spans, start, end)
            for entry in self._entries[number]:
                if entry.key not in found and (inside or _stands_alone(entry, text, start, end)):
                    found[entry.key] = Found(entry.phrase, disguised=True)


def _bounds(phrase: str) -> tuple[bool, bool]:
    phrase = phrase.strip()
    return not phrase.startswith("*"), not phrase.endswith("*")


def _phrase_forms(phrase: str) -> Iterator[tuple[str, _Form]]:
    """Yield how texts write a phrase, each once."""
    bare = phrase.strip().strip("*")
    plain = letters.plain(bare)[0].strip()
    if not any(map(str.isalnum, plain)):
        raise UsageError(f"the phrase {phrase!r} has no letter")
    if len(plain) > MAX_PHRASE:
        raise UsageError(f"the phrase {phrase!r} is longer than {MAX_PHRASE} characters")
    folded = skeleton.folded(plain)
    forms = {plain: _Form.PLAIN}
    # German without its umlauts, as it is typed abroad.
    forms.setdefault(letters.plain(bare.translate(_UMLAUTS))[0].strip(), _Form.PLAIN)
    for text in _swapped(plain):
        forms.setdefault(text, _Form.LOOKALIKE)
    # A word that was spelt out has lost the spaces to its neighbours.
    for text in (folded, folded.replace(" ", "")):
        forms.setdefault(text, _Form.MASKED)
    yield from forms.items()


def _literal_forms(literal: str) -> Iterator[tuple[str, _Form]]:
    plain = letters.plain(literal)[0]
    if not plain.strip():
        raise UsageError(f"the literal {literal!r} has no character to look for")
    yield plain, _Form.PLAIN
    if (folded := skeleton.folded(plain)) != plain:
        yield folded, _Form.MASKED


def _swapped(plain: str) -> Iterator[str]:
    """Yield how a phrase reads the same: an ``I`` for an ``l`` or the other way, ``vv`` for ``w``."""
    if sum(map(str.isalpha, plain)) < _SWAPPED_FROM:
        return
    yield plain.replace("w", "vv")
    yield plain.replace("m", "rn")
    places = [place for place, char in enumerate(plain) if char in "il"]
    many = len(places) > _MOST_SWAPPED
    for swaps in [*combinations(places, 1), tuple(places)] if many else _subsets(places):
        chars = list(plain)
        for place in swaps:
            chars[place] = "i" if chars[place] == "l" else "l"
        text = "".join(chars)
        if _same_doubles(plain, text):
            yield text


def _same_doubles(plain: str, text: str) -> bool:
    """Tell whether a swap makes no "malls" of "mails", nor the other way round."""
    return text.count("ll") <= plain.count("ll") and all(
        text[place] == text[place + 1]
        for place in range(len(plain) - 1)
        if plain[place : place + 2] == "ll"
    )


def _subsets(places: list[int]) -> Iterator[tuple[int, ...]]:
    for size in range(1, len(places) + 1):
        yield from combinations(places, size)


def _touches(spans: tuple[tuple[int, int], ...], start: int, end: int) -> bool:
    place = bisect_right(spans, (end - 1, end)) - 1
    return place >= 0 and spans[place][1] > start


def _is_inside(spans: tuple[tuple[int, int], ...], start: int, end: int) -> bool:
    """Tell whether all of it is within one masked word that holds another word too."""
    place = bisect_right(spans, start, key=_first) - 1
    if place < 0 or end > spans[place][1]:
        return False
    return spans[place][1] - spans[place][0] >= end - start + _INNER_BESIDE


def _first(span: tuple[int, int]) -> int:
    return span[0]


def _stands_alone(entry: _Entry[Key], text: str, start: int, end: int) -> bool:
    if entry.begins and start and _goes_on(text[start - 1], text[start]):
        return False
    return not (entry.ends and end < len(text) and _goes_on(text[end], text[end - 1]))


def _goes_on(beside: str, edge: str) -> bool:
    """Tell whether a word goes on from ``edge`` to the character ``beside`` it (UAX 29)."""
    if not (beside.isalnum() or (not beside.isascii() and category(beside)[0] == "M")):
        return False
    return edge.isascii() or not name(edge, "").startswith(_UNSPACED)
