"""The wording of a message against a table of weighted words: how one kind of mail is written.

A table comes with Vedette, beside the packs. It has words, stems and symbols of packs, each with the
weight that mail of the kind and honest mail near it gave it. What a text is worth is the sum of the
weights of what it has of them, over the length of what it has (tf-idf with cosine normalisation,
Salton and Buckley 1988), so that a long text counts no more than a short one. It must not know what
a pack makes of it, nor how the weights were found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from vedette.guard.pack import Field
from vedette.guard.views import Views

#: Words of one message that count: two pages, and by then a letter has said what it wants.
MAX_WORDS = 450
#: Words that are looked at together: as long as most letters are that want something.
WINDOW = 150
#: Letters of stems. Inflected words of one meaning share the long one; a compound, as Germans
#: write them, shares the short one with its first half.
LONG, SHORT = 6, 4

# Characters of a text for each word that is wanted of it: German has seven, a space among them,
# and what is no word stands between.
_LETTERS = 10
_WORD = re.compile(r"[^\W\d_]+|\d+|[€£$₽₺%]")
_HEAD = (Field.FROM_NAME, Field.SUBJECT)
_BODY = (Field.ALT, Field.TEXT)
_NUMBER = "0"
# No word has these.
_SYMBOL, _STEM = "=", "-"
_COMMENT = "##"
_SUFFIX = ".tsv"
# Hexadecimal digits of a version: nobody makes a table on purpose that is taken for another.
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Wording:
    """A table: for each word, stem or symbol its weight and how rare it is (idf), and a bias.

    ``rarity`` is that of all it does not have: what it does not know makes it less sure.
    """

    entries: Mapping[str, tuple[float, float]]
    bias: float = 0.0
    rarity: float = 0.0

    def opinion(self, found: Iterable[str]) -> float:
        """Return how much something with these stems looks like the kind, from 0 to 1."""
        entries, unknown = self.entries, (0.0, self.rarity)
        pairs = [entries.get(each, unknown) for each in found]
        # Exact sums: a set has another order in each process, and all are to judge alike.
        total = math.fsum([weight * rarity for weight, rarity in pairs])
        length = math.fsum([rarity * rarity for _, rarity in pairs])
        margin = self.bias + (total / math.sqrt(length) if length else 0.0)
        # 1/(1 + e**-x), by a function that does not overflow.
        return 0.5 + 0.5 * math.tanh(margin / 2.0)


def stems(words: Iterable[str]) -> set[str]:
    """Return the words of a text and their stems, each once."""
    found = set(words)
    # A stem ends with a sign that no word has: the word ``slot`` is more than a beginning of it.
    long = [word for word in found if len(word) > SHORT]
    found.update(f"{word[:SHORT]}{_STEM}" for word in long)
    found.update(f"{word[:LONG]}{_STEM}" for word in long if len(word) > LONG)
    return found


def words(text: str) -> list[str]:
    """Return the words of a text in its plain form; of a number only that it is one."""
    return [_NUMBER if word[0].isdigit() else word for word in _WORD.findall(text)]


def _words(texts: Iterable[str], most: int) -> list[str]:
    length = most * _LETTERS
    return words("\n".join(text[:length] for text in texts)[:length])[:most]


def windows(views: Views, symbols: Iterable[str]) -> list[set[str]]:
    """Return the stems of a message, of one stretch of its text after the other.

    Who it is from, its subject and the symbols that hold go with each stretch: a symbol means the
    same in all languages, and a table learns from one what it knows of another. What stands alone
    in an offer is not lost in pages of other words, whoever put them there.
    """
    marks = {f"{_SYMBOL}{name}" for name in symbols}
    head = _words([*views.values(Field.FROM), *_said(views, _HEAD)], WINDOW)
    body = _words(_said(views, _BODY), MAX_WORDS)
    starts = range(0, max(len(body), 1), WINDOW)
    return [marks | stems([*head, *body[start : start + WINDOW]]) for start in starts]


def _said(views: Views, fields: Iterable[Field]) -> Iterator[str]:
    for field in fields:
        view = views.text(field)
        yield view.plain
        yield view.skeleton


def names() -> list[str]:
    """Return the names of the tables that there are."""
    found = (entry.name for entry in _folder().iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX))


@cache
def version(name: str) -> str:
    """Return the digest of a table: a pack that asks it is another one with another table."""
    return sha256(_file(name).read_bytes()).hexdigest()[:_DIGITS]


@cache
def shipped(name: str) -> Wording:
    """Return the table of this name, read once. Raises KeyError where there is none."""
    return decoded(_file(name).read_text(encoding="utf-8"))


def _file(name: str) -> Traversable:
    if name not in names():
        raise KeyError(name)
    return _folder().joinpath(f"{name}{_SUFFIX}")


def _folder() -> Traversable:
    return files("vedette").joinpath("packs", "wordings")


def decoded(text: str) -> Wording:
    """Read a table: a comment, then lines of stem, weight and rarity.

    The line without a stem has the bias, and the rarity of all that the table does not have.
    Raises ValueError for a line that is none.
    """
    entries: dict[str, tuple[float, float]] = {}
    values: dict[tuple[str, str], tuple[float, float]] = {}
    for line in text.splitlines():
        if line.startswith(_COMMENT):
            continue
        stem, weight, rarity = line.split("\t")
        # Few pairs are different: entries share them.
        entries[stem] = values.setdefault((weight, rarity), (float(weight), float(rarity)))
    bias, unknown = entries.pop("")
    return Wording(entries, bias, unknown)


def encoded(wording: Wording, preface: str) -> str:
    """Return a table as text, by stem."""
    lines = [f"{_COMMENT} {line}".rstrip() for line in preface.splitlines()]
    lines.append(f"\t{wording.bias:.2f}\t{wording.rarity:.1f}")
    for stem, (weight, rarity) in sorted(wording.entries.items()):
        lines.append(f"{stem}\t{weight:.2f}\t{rarity:.1f}")
    return "\n".join(lines) + "\n"
