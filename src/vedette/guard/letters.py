"""Letters as one form of themselves: case, accents, widths and styles taken away.

Nothing is guessed here: what comes out reads the same to everybody. It must not know which
words are suspicious.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from html import unescape
from unicodedata import category, combining, is_normalized, name, normalize

from vedette.guard.variants import VARIANTS

_ASCII = bytes(range(128))
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
# References within references: a filter that wraps a filter. Honest text has none left over.
_ENTITY_ROUNDS = 4
# Up to the end of the line a lone override holds (UAX 9, rule X8).
_OVERRIDE = re.compile("[\u202d\u202e]([^\u202a-\u202e\n\u2029]{0,2000})")
_REGIONAL = "\U0001f1e6-\U0001f1ff"
_FLAGS = re.compile(f"[{_REGIONAL}]{{4,}}|(?<![{_REGIONAL}])[{_REGIONAL}](?![{_REGIONAL}])")
# Two are a flag, four may be two flags; where five are a word, all of them are letters.
_WORD_OF_FLAGS = re.compile(f"[{_REGIONAL}]{{5}}")
_ALL_FLAGS = re.compile(f"[{_REGIONAL}]+")
_FIRST_REGIONAL = 0x1F1E6
_REGIONAL_LETTERS = frozenset(map(chr, range(_FIRST_REGIONAL, _FIRST_REGIONAL + 26)))
# Combining marks that adorn or strike through letters of any script; the marks that are vowels
# of a script, as in Devanagari, stay.
_MARKS = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)  # fmt: skip
# Characters that show nothing: formats, variation selectors, fillers.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_SELECTORS = ((0xFE00, 0xFE0F), (0xE0000, 0xE0FFF))
_BY_NAME = re.compile(
    r"LATIN (?:SMALL|CAPITAL) LETTER (?:DOTLESS |SCRIPT )?([A-Z])(?: WITH .*)?"
    r"|LATIN LETTER SMALL CAPITAL ([A-Z])"
    r"|(?:NEGATIVE |CROSSED )?(?:CIRCLED|SQUARED|PARENTHESIZED) LATIN (?:CAPITAL|SMALL) LETTER ([A-Z])"
)
_AS_SAID = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ς": "σ", "ё": "е", "ſ": "s", "ə": "e", "ͺ": "i",
    "™": " ", "℠": " ", "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"',
    "«": '"', "»": '"', "⁄": "/",
}  # fmt: skip
# What Windows-1252 has in place of the controls of Latin-1: quotes, dashes, the euro.
_CONTROLS = bytes(range(0x80, 0xA0))
_SLOTS = {
    sign: chr(octet)
    for octet, sign in enumerate(_CONTROLS.decode("cp1252", "replace"), 0x80)
    if sign != "\ufffd"
}
_LAST_OCTET = "\xff"
_ODD = VARIANTS | _REGIONAL_LETTERS
# Replacing one character takes 5 us in 45 KB; from here on a table is quicker.
_MOST_REPLACED = 64
# Ligatures stand for three letters; longer forms are whole phrases of Arabic.
_LONGEST_FORM = 4
# Runs of flags, or of text that is turned round, in one text; a disguised letter has a few.
_MOST_TURNED = 1_000
_ZERO_WIDTH = "\u200b-\u200d\u2060-\u2064\ufeff"
_STYLED = re.compile(
    f"[^\\W\\d_][{_ZERO_WIDTH}]+[^\\W\\d_]"
    "|[a-zA-Z][\u0334-\u0338\u20d2\u20d3\u20e5-\u20eb]|\u202e"
    "|[\U0001d400-\U0001d7ff]{3}|[\u24b6-\u24e9]{3}|[\U0001f130-\U0001f189]{3}"
)
_STYLES = re.compile(
    f"[{_ZERO_WIDTH}\u0334-\u0338\u20d2-\u20eb\u202e\U0001d400-\U0001d7ff\u24b6-\u24e9"
    "\U0001f130-\U0001f189]"
)
# Marks of one letter that are kept, by UAX 15; and where Unicode has marks.
_MOST_MARKS = 30
_FIRST_MARK, _LAST_MARK = 0x300, 0x1E94B
#: In a plain form, what no phrase spans: the end of a paragraph, or of one of several values.
BREAK = "\x1d"
_BLANK = str.maketrans("\n\t\r\f\v_-", "       ")


def plain(text: str) -> tuple[str, bool]:
    """Return ``text`` in its one form, and whether it used a style that nobody uses by chance.

    Linear in the length of the text; the form of a form is itself.
    """
    styled = False
    if "&" in text:
        text = _dereferenced(text)
    if text.isascii():
        return _spaced(text.lower()), styled
    if (western := _western(text)) is not None:
        return western, styled
    text = composed(text)
    low = text.lower()
    odd = _odd(low)
    if odd:
        styled = bool(_STYLES.search("".join(odd)) and _STYLED.search(text))
        if "\u202e" in odd or "\u202d" in odd:
            low = _OVERRIDE.sub(_reordered, low, count=_MOST_TURNED)
        low = _replaced(low, odd)
        if not _REGIONAL_LETTERS.isdisjoint(odd):
            runs = _ALL_FLAGS if _WORD_OF_FLAGS.search(low) else _FLAGS
            low, spelt = runs.subn(_named, low, count=_MOST_TURNED)
            styled = styled or bool(spelt)
    return _spaced(composed(low)), styled


def _western(text: str) -> str | None:
    """Return the form of a text of the letters of Western Europe; ``None`` for any other.

    Windows-1252 has them in one octet each, and a table of octets takes most steps at once.
    """
    slotted = _slotted(text)
    if slotted is None:
        return None
    octets, many = slotted
    if len(octets) - len(octets.translate(None, _CONTROLS)) != many:
        return None  # what stands for a sign was there before
    table, unseen, longer = _western_forms()
    octets = octets.translate(None, unseen).replace(b"\n\n", BREAK.encode()).translate(table)
    low = octets.decode("latin-1")
    for octet, written in longer:
        if octet in octets:
            low = low.replace(octet.decode("latin-1"), written)
    while "  " in low:
        low = low.replace("  ", " ")
    return low


def _slotted(text: str) -> tuple[bytes, int] | None:
    """Return Latin-1 with its own slots for the signs of Windows-1252, and how many are in them.

    ``None`` for a text that has any other sign.
    """
    many = 0
    for _ in range(len(_SLOTS) + 1):
        try:
            return text.encode("latin-1"), many
        except UnicodeEncodeError as error:
            sign = text[error.start]
        slot = _SLOTS.get(sign)
        if slot is None:
            return None
        many += text.count(sign)
        text = text.replace(sign, slot)
    return None


@cache
def _western_forms() -> tuple[bytes, bytes, tuple[tuple[bytes, str], ...]]:
    """Return the forms of octets that are one octet, the octets of none, and the other forms."""
    table = bytearray(range(256))
    unseen = bytearray()
    longer: list[tuple[bytes, str]] = []
    signs = {slot: sign for sign, slot in _SLOTS.items()}
    for octet in range(256):
        char = signs.get(chr(octet), chr(octet))
        said = "".join(form(each) if each in _ODD else each for each in char.lower())
        said = " " if said in set("\n\t\r\f\v_-") else said
        if not said:
            unseen.append(octet)
        elif len(said) == 1 and said <= _LAST_OCTET and not "\x80" <= said <= "\x9f":
            table[octet] = ord(said)
        elif said != chr(octet):
            longer.append((bytes([octet]), said))
    return bytes(table), bytes(unseen), tuple(longer)


def composed(text: str) -> str:
    """Return ``text`` in NFC; of many marks on one letter the first stay (UAX 15, "stream-safe").

    To put the marks of one letter in order takes the square of their number.
    """
    if is_normalized("NFC", text):
        return text
    return normalize("NFC", _crowd().sub(r"\1", text))


@cache
def _crowd() -> re.Pattern[str]:
    """Return what finds more marks on a letter than any language has; made when first needed."""
    ranges: list[list[int]] = []
    for code in range(_FIRST_MARK, _LAST_MARK):
        if combining(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    marks = "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
    return re.compile(f"([{marks}]{{{_MOST_MARKS}}})[{marks}]+")


def _dereferenced(text: str) -> str:
    """Return ``text`` without references of HTML, which are left where it was no HTML."""
    for _round in range(_ENTITY_ROUNDS):
        if not _ENTITY.search(text):
            return text
        text = _ENTITY.sub(lambda found: unescape(found[0]), text)
    return _ENTITY.sub(" ", text)


def _odd(low: str) -> frozenset[str]:
    """Return the characters of ``low`` that have another form, or are letters on flags."""
    foreign = low.encode("utf-8", "replace").translate(None, _ASCII).decode("utf-8")
    return _ODD.intersection(set(foreign))


def _replaced(low: str, odd: frozenset[str]) -> str:
    if len(odd) > _MOST_REPLACED:
        return low.translate({ord(each): form(each) for each in odd})
    for each in odd:
        low = low.replace(each, form(each))
    return low


@lru_cache(maxsize=8_192)  # all letters of a few languages; a text has some twenty
def form(char: str) -> str:
    """Return the one form of a character in lower case; empty if it shows nothing."""
    said = _AS_SAID.get(char)
    if said is not None:
        return said
    if _is_unseen(char):
        return ""
    kind = category(char)
    if kind in {"Zs", "Zl", "Zp", "Pd"} or char in "\u2212\u2043":
        return " "
    named = _BY_NAME.fullmatch(name(char, ""))
    if named is not None:
        return next(letter for letter in named.groups() if letter).lower()
    return char if kind in {"No", "So"} else _simple(char)


def _is_unseen(char: str) -> bool:
    """Tell whether a character shows nothing, or only adorns the one before it."""
    if category(char) == "Cf" or char in _INVISIBLE:
        return True
    return _is_between(char, _SELECTORS) or _is_between(char, _MARKS)


def _is_between(char: str, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(low <= ord(char) <= high for low, high in ranges)


def _simple(char: str) -> str:
    """Return the letters that a compatibility form stands for, without their accents."""
    found = normalize("NFKC", char).lower()
    if found == char and not "\u00c0" <= char <= "\u1fff":
        return char
    bare = "".join(each for each in normalize("NFKD", found) if not _is_between(each, _MARKS))
    # Cyrillic keeps its letters: "й" is none with an accent.
    bare = found if "\u0400" <= found[:1] <= "\u052f" else normalize("NFC", bare)
    if bare == char or not 0 < len(bare) <= _LONGEST_FORM:
        return char
    return "".join(each if each == char else form(each) for each in bare)


def _reordered(found: re.Match[str]) -> str:
    return found[1][::-1] if found[0][0] == "\u202e" else found[1]


def _named(found: re.Match[str]) -> str:
    said = "".join(chr(ord(each) - _FIRST_REGIONAL + ord("a")) for each in found[0])
    return f" {said} " if len(said) > 1 else said


def _spaced(text: str) -> str:
    """Return ``text`` with single spaces; an empty line becomes one BREAK."""
    if "\n\n" in text:
        text = text.replace("\n\n", BREAK)
    text = text.translate(_BLANK) if text.isascii() else _blanked(text)
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def _blanked(text: str) -> str:
    for each in "\n\t\r\f\v_-":
        text = text.replace(each, " ")
    return text
