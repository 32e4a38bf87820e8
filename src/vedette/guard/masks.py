"""Words that are written for the eye and not for a filter, and what the eye makes of them.

Three masks: letters of other scripts among Latin ones (or the other way round), digits and signs
for letters, letters with something between each two. A masked word may be read in several ways
("1" is an "i" or an "l"); the few likely ones are all given.

It must not know phrases. What it returns is only evidence where a phrase touches a masked word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product

import re2  # type: ignore[import-untyped]

from vedette.guard.confusables import LOOKALIKES

#: Characters of a skeleton: more masked words than that are a table of numbers, or an attack.
MAX_SKELETON = 64 * 1024
#: Masked words of one text that are looked at; a letter of them has some hundred.
MAX_MASKS = 300
#: Places that are looked at for them; a table of codes has some thousand.
MAX_LOOKS = 4_000
#: Ways to read one word: four ambiguous letters of two readings each.
MAX_READINGS = 16
# The longest phrase that may reach into a masked word from its side, in characters.
_CONTEXT = 64
# Letters of one masked word; the longest compounds of German mail have 40.
_LONGEST = 48

# How decorative Cyrillic and digits are read; Unicode does not count them as confusable.
_ALIKE = {
    "и": "n", "й": "n", "п": "n", "л": "n", "я": "r", "г": "r", "э": "e", "з": "e", "ш": "w",
    "щ": "w", "ц": "u", "д": "d", "ф": "o", "λ": "a", "δ": "a", "ξ": "e", "σ": "s", "ѡ": "w",
    "ч": "y", "ж": "x", "ν": "n", "η": "n", "υ": "y", "ω": "w",
}  # fmt: skip
_LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "€": "e", "¢": "c", "£": "l", "!": "il", "|": "li", "+": "t",
    "¡": "i", "×": "x",
}  # fmt: skip


def _readings() -> tuple[dict[str, tuple[str, ...]], str]:
    """Return how each letter of another script is read, and those of Unicode's own table."""
    found: dict[str, list[str]] = {}
    for letters, chars in LOOKALIKES.items():
        for char in chars:
            found.setdefault(char, []).extend("il" if letters in "il" else [letters])
    strict = "".join(char for char in found if not char.isdigit())
    found["ε"].sort(reverse=True)  # an "e" before a "c"
    for char, letter in _ALIKE.items():
        found.setdefault(char, []).append(letter)
    return {char: tuple(dict.fromkeys(letters)) for char, letters in found.items()}, strict


_SEEN, _STRICT = _readings()
_FIRST = {ord(char): letters[0] for char, letters in _SEEN.items()}
_READ = {**_SEEN, **{char: tuple(letters) for char, letters in _LEET.items()}}
_ASCII = bytes(range(128))
# As many foreign characters are searched rather than sorted out.
_MANY = 12_000
# A text of another script has most of its letters from there; a line may be one masked word.
_NATIVE = 0.3
_SHORT = 40

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OTHERS = "".join(_SEEN)
_ALIKE_WORD = r"(?:^|[^\pL\pN])[{}]{{4,}}(?:$|[^\pL\pN])"
# Scripts whose languages are written in mail: words of them that look Latin are just words.
_RARE = "".join(char for char in _STRICT if not "\u0370" <= char <= "\u06ff")
_TWO_SCRIPTS = f"[a-z][{_OTHERS}]|[{_OTHERS}][a-z]"
_MIXED = re2.compile(f"{_TWO_SCRIPTS}|{_ALIKE_WORD.format(_RARE)}", options=_OPTIONS)
_MIXED_OR_ALIKE = re2.compile(f"{_TWO_SCRIPTS}|{_ALIKE_WORD.format(_STRICT)}", options=_OPTIONS)
_SIGNS = r"0-9@$€¢£|+¡×"
_BETWEEN = r"[ .,*|·•∙/~+:;'\"=^\x1d]{1,3}"
_SPELT = rf"(?:^|[^\pL\pN])((?:[\pL0-9@$€¢!|+]{_BETWEEN}){{3,}}[\pL0-9@$€¢|])(?:[^\pL\pN]|$)"
_OF_WORD = rf"[\pL{_SIGNS}!]"
_CORE = rf"\pL!\pL|[{_SIGNS}]!?\pL|\pL!?[{_SIGNS}]"
# One pass: words spelt out (1), and words with digits or signs among their letters (2).
_MASKED = re2.compile(rf"{_SPELT}|({_OF_WORD}*(?:{_CORE}){_OF_WORD}*)", options=_OPTIONS)
_NO_WORD = re.compile(r"[^\w@$€¢!]+")
_NO_SIGN = re.compile(r"[^\w@$€¢!|+]+")
# A word too short to be masked alone, beside one that is.
_NEAR = re.compile(
    r"(?<![\w!@$])(?:[a-z][1!|03]|[1!|30][a-z]|[a-z]{0,2}[03145!|@$]{1,2}[a-z]{0,2}(?<=\w\W\w|\w\w\w))(?![\w!@$])"
)
# Fewer letters than these make no word that would be masked.
_LETTERS = 3
# Masked words beside each other that are read in all their ways together.
_FEW = 4
# A longer word with more signs than letters is a code.
_SIGNED = 20
# A word spelt out of as many letters is no abbreviation.
_SPELT_WORD = 5
# Beside a part of an address, which is no word.
_BREAKERS = frozenset("/\\=&%?#<>{}")


@dataclass(frozen=True, slots=True)
class _Mask:
    """A masked word: where it stands, and what it may say."""

    start: int
    end: int
    readings: tuple[str, ...]


def folded(text: str) -> str:
    """Return ``text`` with letters of other scripts made the Latin ones that they look like."""
    return text if text.isascii() else text.translate(_FIRST)


def take_off(plain: str) -> tuple[str, tuple[tuple[int, int], ...], bool]:
    """Return the surroundings of masked words unmasked, where these stand, and whether it shows.

    ``plain`` is the text as ``letters.plain`` returns it. At most MAX_SKELETON characters.
    """
    masks = sorted(_masks(plain), key=lambda mask: (mask.start, -mask.end))[:MAX_MASKS]
    if not masks:
        return "", (), False
    out = _Windows(plain)
    group: list[_Mask] = []
    for mask in masks:
        if group and mask.start < group[-1].end:
            continue  # the longer one before it says more
        if group and mask.start - group[-1].end > _CONTEXT:
            out.add(group)
            group = []
        group.append(mask)
    out.add(group)
    shows = any(_shows(plain[mask.start : mask.end]) for mask in masks)
    return out.text(), tuple(out.spans), shows


class _Windows:
    """The text around masked words, once for each way to read them."""

    __slots__ = ("_parts", "_plain", "_size", "spans")

    def __init__(self, plain: str) -> None:
        self._plain = plain
        self._parts: list[str] = []
        self._size = 0
        self.spans: list[tuple[int, int]] = []

    def add(self, group: list[_Mask]) -> None:
        """Add the surroundings of ``group``; words beside it may be masked a little too."""
        self._add(group, folded)
        around = self._plain[max(0, group[0].start - _CONTEXT) : group[-1].end + _CONTEXT]
        if _NEAR.search(around):
            self._add(group, _lean)

    def _add(self, group: list[_Mask], fold: Callable[[str], str]) -> None:
        most = max(1, MAX_READINGS // len(group))
        ways = islice(product(*(mask.readings for mask in group)), most)
        for words in dict.fromkeys((*ways, *_alike(group))):
            at = max(0, group[0].start - _CONTEXT)
            spans: list[tuple[int, int]] = []
            parts: list[str] = []
            size = self._size
            for mask, word in zip(group, words, strict=True):
                before = fold(self._plain[at : mask.start])
                size += len(before)
                spans.append((size, size + len(word)))
                size += len(word)
                parts += [before, word]
                at = mask.end
            parts += [fold(self._plain[at : at + _CONTEXT]), "\n"]
            size += len(parts[-2]) + 1
            if size > MAX_SKELETON:
                return
            self._parts += parts
            self.spans += spans
            self._size = size

    def text(self) -> str:
        return "".join(self._parts)


def _alike(group: list[_Mask]) -> Iterator[tuple[str, ...]]:
    """Yield all words of a group in their first way, in their second, and so on."""
    most = max(len(mask.readings) for mask in group)
    for number in range(most if len(group) <= _FEW else min(most, _FEW)):
        yield tuple(mask.readings[min(number, len(mask.readings) - 1)] for mask in group)


def _lean(text: str) -> str:
    """Return ``text`` folded, with short words of letters and signs read as letters: "d1", "d!"."""
    return folded(_NEAR.sub(lambda found: _read(found[0])[0], text))


def _masks(plain: str) -> Iterator[_Mask]:
    """Yield the masked words of ``plain``, those of other scripts first."""
    if not plain.isascii():
        yield from _mixed(plain)
    count = 0
    for found in islice(_MASKED.finditer(plain), MAX_LOOKS):
        start, end = found.span(1)
        if start >= 0:
            word = _NO_WORD.sub("", plain[start:end])
            if end - start > _LONGEST * 4 or sum(map(str.isalpha, word)) < _LETTERS:
                continue
            # A word of one letter may stand at its side: "I", "a", "y", "и".
            readings = _read(word) + _read(word[:-1]) + _read(word[1:])
            if (signed := _NO_SIGN.sub("", plain[start:end])) != word:
                readings += _read(signed)
        else:
            start, end = found.span(2)
            if not _is_word(plain, start, end):
                continue
            readings = _exclaimed(plain[start:end])
        yield _Mask(start, end, readings)
        count += 1
        if count >= MAX_MASKS:
            return


def _mixed(plain: str) -> Iterator[_Mask]:
    """Yield the words that mix scripts, or that are all letters that look like Latin ones."""
    foreign = plain.encode("utf-8", "replace").translate(None, _ASCII).decode("utf-8")
    if len(foreign) <= _MANY and _SEEN.keys().isdisjoint(foreign):
        return
    # In a text of that script, words of letters that happen to look Latin are just words.
    native = len(foreign) > len(plain) * _NATIVE and len(plain) > _SHORT
    count = reached = 0
    for found in (_MIXED if native else _MIXED_OR_ALIKE).finditer(plain):
        if found.start() < reached:
            continue
        start, reached = _around(plain, (found.start() + found.end()) // 2)
        word = plain[start:reached]
        if reached - start > _LONGEST or not _is_masked(word):
            continue
        yield _Mask(start, reached, _exclaimed(word))
        count += 1
        if count >= MAX_MASKS:
            return


def _is_masked(word: str) -> bool:
    """Tell whether a word has letters of two scripts, or only letters that look Latin."""
    if any("a" <= each <= "z" for each in word):
        return True
    return all(each in _SEEN for each in word if each.isalpha())


def _is_word(plain: str, start: int, end: int) -> bool:
    """Tell whether what has digits among its letters may be a word, and no code or address."""
    if not 0 < end - start <= _LONGEST:
        return False
    if (start and plain[start - 1] in _BREAKERS) or plain[end : end + 1] in _BREAKERS:
        return False
    letters = sum(map(str.isalpha, plain[start:end]))
    return end - start > _LETTERS and (letters * 3 >= end - start or end - start <= _SIGNED)


def _exclaimed(word: str) -> tuple[str, ...]:
    """Return the ways to read a word at the end of which an exclamation mark may be just that."""
    bare = word.rstrip("!")
    said = tuple(f"{each}!" for each in _read(bare)) if bare != word else ()
    return said + _read(word)


def _around(plain: str, place: int) -> tuple[int, int]:
    """Return where the word around ``place`` begins and ends."""
    start = end = place
    while start > 0 and place - start <= _LONGEST and _is_of_word(plain[start - 1]):
        start -= 1
    while end < len(plain) and end - place <= _LONGEST and _is_of_word(plain[end]):
        end += 1
    return start, max(end, place + 1)


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char in _LEET


def _read(word: str) -> tuple[str, ...]:
    """Return the ways to read a masked word, the likeliest first.

    One sign is read in one way throughout a word: the ways stay few.
    """
    signs: list[str] = []
    choices: list[tuple[str, ...]] = []
    room = MAX_READINGS
    for char in dict.fromkeys(word):
        ways = _READ.get(char)
        if ways is not None:
            ways = ways[:room]
            room //= len(ways)
            signs.append(char)
            choices.append(ways)
    found: dict[str, None] = {}
    for chosen in product(*choices):
        read = dict(zip(signs, chosen, strict=True))
        found["".join(read.get(char, char) for char in word)] = None
    # Numbers that a word is glued to: "100freispiele".
    bare = word.strip("0123456789")
    if bare != word and bare.isalpha():
        found[folded(bare)] = None
    return tuple(found)


def _shows(word: str) -> bool:
    """Tell whether a masked word was masked on purpose: scripts mixed, or a word spelt out."""
    if between := _NO_WORD.findall(word):
        # "S.p.A., z. B." has one sign here and another there.
        return len(set(between)) == 1 and len(between) >= _SPELT_WORD - 1
    return any("a" <= each <= "z" for each in word) and any(each in _SEEN for each in word)
