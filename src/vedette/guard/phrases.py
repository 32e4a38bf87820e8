"""Thousands of phrases in one pass over a text.

A phrase is found as whole words, whatever the case, accents and spacing of the text; an asterisk
at its end (or beginning) lets the word go on: ``bahis*``. A literal is found anywhere: it tells
whether an expression is worth a look. It must not know symbols; whoever asks gives keys.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar
from unicodedata import category, name

from ahocorasick_rs import AhoCorasick, Implementation

from vedette.errors import UsageError
from vedette.guard import letters, skeleton
from vedette.guard.skeleton import View

Key = TypeVar("Key", bound=Hashable)

#: Characters of one phrase; a masked word's surroundings are as long.
MAX_PHRASE = 64
# Scripts that write no space between words: a phrase may begin and end anywhere.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase of the pack, as the pack writes it, and whether the text disguised it."""

    phrase: str
    disguised: bool = False


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Key]):
    key: Key
    phrase: str
    begins: bool
    ends: bool
    masked: bool
    """Counts only where a masked word is touched."""


class Index(Generic[Key]):
    """Phrases and literals by key; built once for a guard, read by all messages."""

    __slots__ = ("_automaton", "_entries", "_keys")

    def __init__(
        self,
        phrases: Iterable[tuple[Key, str]] = (),
        literals: Iterable[tuple[Key, str]] = (),
    ) -> None:
        entries: dict[str, list[_Entry[Key]]] = {}
        for key, phrase in phrases:
            _enter(entries, key, phrase)
        for key, literal in literals:
            form = letters.plain(literal)[0]
            for text, masked in {(form, False), (skeleton.folded(form), True)}:
                if not text:
                    raise UsageError(f"the literal {literal!r} has no letter")
                entries.setdefault(text, []).append(_Entry(key, literal, False, False, masked))
        self._entries = tuple(tuple(each) for each in entries.values())
        self._keys = frozenset(entry.key for each in self._entries for entry in each)
        self._automaton = (
            AhoCorasick(list(entries), implementation=Implementation.DFA) if entries else None
        )

    def find(self, view: View) -> dict[Key, Found]:
        """Return the first phrase or literal of each key that occurs in ``view``."""
        found: dict[Key, Found] = {}
        if self._automaton is None or not view.plain:
            return found
        self._look(view.plain, None, found)
        if view.spans and len(found) < len(self._keys):
            self._look(view.skeleton, view.spans, found)
        return found

    def _look(
        self, text: str, spans: tuple[tuple[int, int], ...] | None, found: dict[Key, Found]
    ) -> None:
        if self._automaton is None:
            return
        entries = self._entries
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            for entry in entries[number]:
                if entry.key in found:
                    continue
                if spans is None:
                    if entry.masked:
                        continue
                elif not _touches(spans, start, end):
                    break
                if entry.begins and start and _joins(text[start - 1], text[start]):
                    continue
                if entry.ends and end < len(text) and _joins(text[end], text[end - 1]):
                    continue
                found[entry.key] = Found(entry.phrase, disguised=spans is not None)


def _enter(entries: dict[str, list[_Entry[Key]]], key: Key, phrase: str) -> None:
    form = letters.plain(phrase.strip().strip("*"))[0].strip()
    if not form:
        raise UsageError(f"the phrase {phrase!r} has no letter")
    if len(form) > MAX_PHRASE:
        raise UsageError(f"the phrase {phrase!r} is longer than {MAX_PHRASE} characters")
    begins = not phrase.strip().startswith("*")
    ends = not phrase.strip().endswith("*")
    fold = skeleton.folded(form)
    # Letters that were spelt out have lost the spaces between words.
    for text, masked in {
        (form, False),
        (fold, fold != form),
        (fold.replace(" ", ""), " " in fold or fold != form),
    }:
        entries.setdefault(text, []).append(_Entry(key, phrase, begins, ends, masked))


def _touches(spans: tuple[tuple[int, int], ...], start: int, end: int) -> bool:
    place = bisect_right(spans, (end, -1)) - 1
    return place >= 0 and spans[place][1] > start


def _joins(beside: str, edge: str) -> bool:
    """Tell whether a word goes on from ``edge`` to the character ``beside`` it (UAX 29)."""
    if not (beside.isalnum() or (not beside.isascii() and category(beside)[0] == "M")):
        return False
    return edge.isascii() or not name(edge, "").startswith(_UNSPACED)
