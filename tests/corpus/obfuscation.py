"""Disguises of words: each class of obfuscation as a function, and a sample put through it.

What an author would disguise is marked in the templates, so only that is changed. A disguise
changes no list evidence: judge it on samples whose sender and links no list holds. It must not
know what a guard undoes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from random import Random
from types import MappingProxyType

from tests.corpus import catalogue, grammar
from tests.corpus.family import Block, Label, Layout, Letter, Sample, Shape, Split
from tests.corpus.posting import post

GOOD_WORDS = 200
"""Words of honest mail that the good-word attack adds: enough to turn an average."""
_ALPHABETS: Mapping[str, list[str]] = tomllib.loads(
    (Path(__file__).parent / "alphabets.toml").read_text()
)
_LETTER = re.compile(r"[^\W\d_]")


def _table(name: str) -> Callable[[str], str]:
    """Return the replacement of letters by the two rows of this name."""
    plain, disguised = _ALPHABETS[name]
    table = str.maketrans(plain, disguised)
    return lambda text: text.translate(table)


def _upper_first(name: str) -> Callable[[str], str]:
    change = _table(name)
    return lambda text: change(text.upper())


def _lower_first(name: str) -> Callable[[str], str]:
    change = _table(name)
    return lambda text: change(text.lower())


def _shifted(upper: int, lower: int, digit: int | None = None) -> Callable[[str], str]:
    """Return a map of A-Z, a-z and, where there are any, 0-9 to where Unicode repeats them."""
    table = {ord("A") + n: upper + n for n in range(26)}
    table |= {ord("a") + n: lower + n for n in range(26)}
    if digit is not None:
        table |= {ord("0") + n: digit + n for n in range(10)}
    return lambda text: text.translate(table)


def _between(mark: str) -> Callable[[str], str]:
    """Return a function that puts the mark between each two letters of a word."""
    return lambda text: re.sub(r"(?<=[^\W\d_])(?=[^\W\d_])", mark, text)


def _spaced(text: str) -> str:
    return "   ".join(" ".join(word) for word in text.split())


def _cycled(marks: str) -> Callable[[str], str]:
    """Return a function that puts another mark of the row behind each letter."""
    return lambda text: "".join(
        sign + marks[at % len(marks)] if _LETTER.match(sign) else sign
        for at, sign in enumerate(text)
    )


def _reversed(text: str) -> str:
    """Write the phrase backwards under a right-to-left override, so that it shows forwards."""
    return f"\u202e{text[::-1]}\u202c"


def _turkish_upper(text: str) -> str:
    return text.replace("i", "\u0130").upper()


def _alternating(even: Callable[[str], str], odd: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join((odd if at % 2 else even)(sign) for at, sign in enumerate(text))


def _unchanged(text: str) -> str:
    return text


_LEET = _table("leet")

LATIN: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "cyrillic": _table("cyrillic"),
        "greek": _table("greek"),
        "lisu": _upper_first("lisu"),
        "small-caps": _lower_first("small-caps"),
        "regional-indicators": _shifted(0x1F1E6, 0x1F1E6),
        "mathematical-bold": _shifted(0x1D400, 0x1D41A, 0x1D7CE),
        "mathematical-sans": _shifted(0x1D5A0, 0x1D5BA, 0x1D7E2),
        "fullwidth": _shifted(0xFF21, 0xFF41, 0xFF10),
        "circled": _shifted(0x24B6, 0x24D0),
        "squared": _shifted(0x1F130, 0x1F130),
        "roman-numerals": _table("roman-numerals"),
        "dotless-i": _table("dotless-i"),
        "cent-sign": _table("cent-sign"),
    }
)
"""Disguises of Latin letters alone."""

CYRILLIC: Mapping[str, Callable[[str], str]] = MappingProxyType({"latin": _table("latin")})
"""Disguises of Cyrillic letters alone."""

ANY: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "zero-width-space": _between("\u200b"),
        "zero-width-mixed": _cycled("\u200c\u200d\u2060\ufeff"),
        "soft-hyphen": _between("\u00ad"),
        "combining-stroke": _cycled("\u0336"),
        "combining-mixed": _cycled("\u0323\u0330\u0325"),
        "variation-selectors": _cycled("\ufe0e\ufe0f"),
        "leet": _LEET,
        "leet-every-second": _alternating(_unchanged, _LEET),
        "spaced": _spaced,
        "dotted": _between("."),
        "dashed": _between("-"),
        "underscored": _between("_"),
        "middle-dots": _between("\u00b7"),
        "bidi-override": _reversed,
        "upper-case": str.upper,
    }
)
"""Disguises of letters of any script."""

TURKISH: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "turkish-upper": _turkish_upper,
        "turkish-folded": lambda text: _turkish_upper(text).casefold(),
        "turkish-ascii": _table("turkish-ascii"),
    }
)
"""What upper and lower case do to the Turkish i, and the words typed without their marks."""


def _entities(text: str, _: Random) -> str:
    return "".join(
        f"&#{ord(sign)};" if at % 2 else f"&#x{ord(sign):X};" for at, sign in enumerate(text)
    )


def _comments(text: str, rng: Random) -> str:
    marked = [f"{escape(sign)}<!-- {rng.randrange(999)} -->" for sign in text]
    return "".join(marked)


def _salted(style: str) -> Callable[[str, Random], str]:
    """Return a function that puts letters which are not shown between those that are."""

    def salt(text: str, rng: Random) -> str:
        noise = "qxzkvjw"
        return "".join(
            f'{escape(sign)}<span style="{style}">{rng.choice(noise)}</span>' for sign in text
        )

    return salt


MARKUP: Mapping[str, Callable[[str, Random], str]] = MappingProxyType(
    {
        "entities": _entities,
        "comments": _comments,
        "split-by-tags": lambda text, _: "".join(f"<i>{escape(sign)}</i>" for sign in text),
        "salted-no-size": _salted("font-size:0"),
        "salted-not-displayed": _salted("display:none"),
        "salted-white": _salted("color:#ffffff;background-color:#ffffff;font-size:1px"),
    }
)
"""Disguises by HTML alone."""


def _split_words(letter: Letter, rng: Random) -> Letter:
    """Cut the subject into encoded words of a few letters each (RFC 2047 section 2)."""
    text = grammar.plain(letter.subject)
    words: list[str] = []
    at = 0
    while at < len(text):
        size = rng.randrange(2, 5)
        coded = "".join(f"={byte:02X}" for byte in text[at : at + size].encode())
        words.append(f"=?utf-8?Q?{coded}?=")
        at += size
    return replace(letter, subject_field="\r\n ".join(words))


def _pictured(letter: Letter, _: Random) -> Letter:
    """Turn every word into an alternative text of a picture."""
    blocks = tuple(
        block
        if block.shape in {Shape.BUTTON, Shape.IMAGE}
        else Block(shape=Shape.IMAGE, text=block.text.replace("|", " "), target=f"part{at}.png")
        for at, block in enumerate(letter.blocks)
    )
    return replace(letter, blocks=blocks, layout=Layout.IMAGE)


def _named_picture(letter: Letter, _: Random) -> Letter:
    """Leave only the names of picture files to tell what is offered."""
    found = [phrase for block in letter.blocks for phrase in grammar.HOT.findall(block.text)]
    names = [re.sub(r"\W+", "-", phrase.lower()).strip("-") + ".png" for phrase in found]
    images = tuple(Block(shape=Shape.IMAGE, text="", target=name) for name in names)
    buttons = tuple(block for block in letter.blocks if block.shape is Shape.BUTTON)
    return replace(
        letter, blocks=images + buttons, layout=Layout.IMAGE, attachments=tuple(names[:2])
    )


def _padded(letter: Letter, rng: Random) -> Letter:
    """Add paragraphs of honest mail that are shown (the good-word attack)."""
    extra = Block(shape=Shape.PARAGRAPH, text=_honest(letter, rng))
    return replace(letter, blocks=(*letter.blocks, extra))


def _padded_unseen(letter: Letter, rng: Random) -> Letter:
    """Add paragraphs of honest mail that are not shown."""
    hidden = f'<div style="display:none">{escape(_honest(letter, rng))}</div>'
    kept = tuple(replace(block, text=escape(block.text, quote=False)) for block in letter.blocks)
    extra = Block(shape=Shape.PARAGRAPH, text=hidden)
    return replace(letter, blocks=(extra, *kept), layout=Layout.HTML, raw_html=True)


def _two_faced(letter: Letter, rng: Random) -> Letter:
    """Say something honest in text/plain, and the offer in HTML alone."""
    return replace(letter, layout=Layout.BOTH, innocent_plain=_honest(letter, rng) + "\n")


def _named_offer(letter: Letter, _: Random) -> Letter:
    """Put the offer into the sender's name, and nothing into the subject."""
    return replace(letter, name=grammar.plain(letter.subject).replace("\n", " "), subject="Re:")


def _backwards_file(letter: Letter, _: Random) -> Letter:
    return replace(letter, attachments=("bonus\u202efdp.exe",))


def _wrong_label(letter: Letter, _: Random) -> Letter:
    return replace(letter, charset="utf-8", charset_label="us-ascii")


WHOLE: Mapping[str, Callable[[Letter, Random], Letter]] = MappingProxyType(
    {
        "encoded-word-split": _split_words,
        "image-only": _pictured,
        "image-file-names": _named_picture,
        "good-words": _padded,
        "good-words-hidden": _padded_unseen,
        "innocent-plain-text": _two_faced,
        "offer-in-sender-name": _named_offer,
        "bidi-file-name": _backwards_file,
        "wrong-charset-label": _wrong_label,
    }
)
"""Disguises of a message as a whole."""


def classes(language: str) -> tuple[str, ...]:
    """Return the classes of obfuscation that change words of this language."""
    letters = CYRILLIC if language == "ru" else LATIN
    turkish = TURKISH if language == "tr" else {}
    return (*letters, *turkish, *ANY, *MARKUP, *WHOLE)


def obfuscated(sample: Sample, how: str) -> Sample:
    """Return the sample in this disguise; a class not of ``classes(language)`` is a KeyError."""
    letter = _disguised(sample.letter, how, Random(f"{sample.key}/{how}"))
    raw = post(letter, Random(f"{sample.key}/post"))
    return replace(sample, raw=raw, letter=letter, disguise=how)


def _disguised(letter: Letter, how: str, rng: Random) -> Letter:
    if how in WHOLE:
        return WHOLE[how](letter, rng)
    if how in MARKUP:
        return _marked_up(letter, MARKUP[how], rng)
    letters = {**ANY, **(CYRILLIC if letter.language == "ru" else {**LATIN, **TURKISH})}
    change = letters[how]
    return replace(
        letter,
        name=_hot(letter.name, change),
        subject=_hot(letter.subject, change),
        blocks=tuple(replace(block, text=_hot(block.text, change)) for block in letter.blocks),
    )


def _hot(text: str, change: Callable[[str], str]) -> str:
    return grammar.HOT.sub(lambda found: change(found[1]), text)


def _marked_up(letter: Letter, change: Callable[[str, Random], str], rng: Random) -> Letter:
    """Write the HTML by hand; an alternative text can hold entities, and no tags."""

    def written(block: Block) -> Block:
        if block.shape is Shape.IMAGE and change is not _entities:
            return replace(block, text=escape(grammar.plain(block.text)))
        pieces = re.split(grammar.HOT, block.text)
        text = "".join(
            change(piece, rng) if at % 2 else escape(piece, quote=False)
            for at, piece in enumerate(pieces)
        )
        return replace(block, text=text)

    layout = Layout.HTML if letter.layout in {Layout.PLAIN, Layout.BOTH} else letter.layout
    if layout is Layout.NEWSLETTER:
        layout = Layout.HTML
    return replace(
        letter, blocks=tuple(written(each) for each in letter.blocks), layout=layout, raw_html=True
    )


@cache
def _honest_texts(language: str, split: Split) -> tuple[str, ...]:
    return tuple(
        family.body
        for family in catalogue.families(split, Label.HAM)
        if family.language == language and family.kind not in {"statement", "closure", "payout"}
    )


def _honest(letter: Letter, rng: Random) -> str:
    """Return words of honest mail, slots left out and offers not quoted."""
    texts = _honest_texts(letter.language, letter.split)
    found: list[str] = []
    while len(found) < GOOD_WORDS:
        text = grammar.expand(rng.choice(texts), rng.randrange)
        text = re.sub(r"\[\[.*|!\[\[.*", " ", grammar.plain(text))
        found += [word for word in grammar.SLOT.sub(" ", text).split() if word not in "#->|"]
    return " ".join(found[:GOOD_WORDS])
