"""Writes the page of numbers of the gambling pack: ``python -m tests.packs.report``.

Must not know: what a number should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.corpus import handwritten
from tests.corpus.family import Split
from tests.corpus.score import Outcome, Verdict
from tests.packs import numbers
from tests.packs.judged import pack
from tests.packs.numbers import Share

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "gambling-pack.md"
# Disguises that are told one by one; above it they are told together.
SHOWN_BELOW = 0.98

_HEAD = (
    "| language | no list knows it: flagged or moved | over families | moved "
    "| listed: moved | honest: moved | honest, not listed: flagged |"
)
_INTRODUCTION = """\
# The gambling pack

<!-- Written by `python -m tests.packs.report`. -->

`gambling` ships with Vedette. It sees offers of gambling in English, German, Turkish, Spanish,
Italian, French, Portuguese, Polish and Russian, and keeps what protects its reader: statements,
self-exclusion, closures, payouts, lawyers, data protection, support groups, complaints.

- Mail is **moved** with a listed sender or link, or with an offer, a game and a call or small
  print together. It goes to `Guard/Quarantine`, marked as read, for 30 days, then to the trash.
- Mail is **flagged** (`Guard-Flag`) with weaker evidence. A score alone never moves.
- Protections cap a verdict to the flag. Mail that the reader flagged or answered is left alone.
- The starter list is small: add sources of your own ([guard packs](guard-packs.md)).
- Loosening waits 24 hours, or for a partner.

## How it was measured

The corpus under `tests/corpus` is made up. Its families (an intent, in a language, by one author)
are split in two: the pack was written with the *develop* half; of the *held-out* half its author
knew numbers by language, kind and symbol only, and made the pack better by them, so true unseen
mail may do worse than the held-out half. Both halves have one root and hard honest mail: every
phrase that convicts also stands in ham.
"""


_LETTERS = """\
## Letters that nobody saw

Written one by one (`tests/corpus/handwritten`), without sight of the pack or of each other's
batches, by writers who were asked for what a list of kinds would miss. Batches that teach the
wording are others than those that judge, and nothing is tuned by the latter. All are made up by
writers of one kind, so true mail may be worse. Half of the honest ones speak of games: the news of
regulators, help lines and newspapers is what is flagged.
"""


def page() -> str:
    """Return the page; a run gives the same each time."""
    parts = [
        _INTRODUCTION,
        *(_split(split) for split in Split),
        _unseen(),
        _disguises(),
        _symbols(),
    ]
    return "\n".join(parts)


def _unseen() -> str:
    """Return the section on letters that nobody tuned anything by."""
    offers = [(letter, done) for letter, done in numbers.unseen() if letter.is_offer]
    honest = [(letter, done) for letter, done in numbers.unseen() if not letter.is_offer]
    near = [pair for pair in honest if not pair[0].id.startswith(handwritten.EVERYDAY)]
    everyday = [pair for pair in honest if pair[0].id.startswith(handwritten.EVERYDAY)]
    lines = [
        _LETTERS,
        "| language | offers: flagged or moved | honest, of games: flagged | everyday: flagged |",
        "|---|---|---|---|",
    ]
    for language in sorted({letter.language for letter, _ in offers}):
        own = [
            [done for each, done in pairs if each.language == language]
            for pairs in (offers, near, everyday)
        ]
        lines.append(_counted(language, own))
    lines.append(
        _counted("all", [[done for _, done in pairs] for pairs in (offers, near, everyday)])
    )
    moved = sum(done is Outcome.QUARANTINED for _, done in honest)
    lines += ["", f"Honest letters moved: {moved} of {len(honest):,}.", ""]
    return "\n".join(lines)


def _counted(name: str, columns: Sequence[Sequence[Outcome]]) -> str:
    shares = [
        Share(hits=sum(done >= Outcome.FLAGGED for done in column), total=len(column))
        for column in columns
    ]
    return f"| {name} | {' | '.join(map(_told, shares))} |"


def _split(split: Split) -> str:
    every = numbers.verdicts(split)
    ham = [each for each in every if numbers.ham(each)]
    strangers = [each for each in every if numbers.stranger(each)]
    flagged = numbers.share(strangers, Outcome.FLAGGED)
    lines = [
        f"## {split.value.capitalize()} families",
        "",
        _HEAD,
        "|---|---|---|---|---|---|---|",
    ]
    groups = numbers.by_language(split, lambda _: True)
    lines += [_row(name, found) for name, found in groups.items()]
    lines += [
        _row("all", list(every)),
        "",
        (
            f"Honest mail: {len(ham):,} messages of {len({each.family for each in ham})} families, "
            f"{numbers.share(ham, Outcome.QUARANTINED).hits} moved; "
            f"{flagged} of unlisted senders flagged ({flagged.rate:.2%})."
        ),
        "",
    ]
    return "\n".join(lines)


def _row(name: str, found: list[Verdict]) -> str:
    unlisted = [each for each in found if numbers.unlisted(each)]
    listed = [each for each in found if numbers.listed(each)]
    ham = [each for each in found if numbers.ham(each)]
    strangers = [each for each in found if numbers.stranger(each)]
    cells = (
        name,
        _told(numbers.share(unlisted, Outcome.FLAGGED)),
        f"{numbers.families(unlisted, Outcome.FLAGGED):.1%}",
        _told(numbers.share(unlisted, Outcome.QUARANTINED)),
        _told(numbers.share(listed, Outcome.QUARANTINED)),
        str(numbers.share(ham, Outcome.QUARANTINED)),
        str(numbers.share(strangers, Outcome.FLAGGED)),
    )
    return f"| {' | '.join(cells)} |"


def _told(share: Share) -> str:
    return f"{share.rate:.1%} ({share})"


def _disguises() -> str:
    lines = [
        "## Disguises",
        "",
        "Of offers that no list knows and that are flagged as they are: how many still are in",
        f"disguise. Told one by one where less than {SHOWN_BELOW:.0%} of either half are.",
        "",
        "| disguise | develop | held-out |",
        "|---|---|---|",
    ]
    words = {split: numbers.disguised(split) for split in Split}
    lines += _compared(words, f"each of {{}} others, at least {SHOWN_BELOW:.0%} of", "words")
    linked = {split: numbers.linked(split) for split in Split}
    lines += _compared(linked, f"each of {{}} ways, at least {SHOWN_BELOW:.0%} of", "links: moved")
    return "\n".join([*lines, ""])


def _compared(found: Mapping[Split, Mapping[str, Share]], others: str, what: str) -> list[str]:
    develop, held_out = found[Split.DEVELOP], found[Split.HELD_OUT]
    low = [name for name in develop if min(develop[name].rate, held_out[name].rate) < SHOWN_BELOW]
    rows = [f"| {name} | {_told(develop[name])} | {_told(held_out[name])} |" for name in low]
    rest = [name for name in develop if name not in low]
    if rest:
        sums = [
            sum(found[split][name].total for name in rest)
            for split in (Split.DEVELOP, Split.HELD_OUT)
        ]
        told = others.format(len(rest))
        rows.append(f"| {what}: {told} | {sums[0]:,} | {sums[1]:,} |")
    return rows


def _symbols() -> str:
    """Return what the symbols mean, those that say it."""
    lines = ["## Symbols", "", "| symbol | points | says |", "|---|---|---|"]
    lines += [
        f"| `{each.name}` | {each.score:g} | {each.says} |"
        for each in pack("gambling").symbols
        if each.says
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
