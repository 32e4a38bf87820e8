"""The reply without the mail it answers, in the languages mail is written in.

Lines only, one pass, no backtracking: an attribution is found by its end and its
start, never by one expression over all. Answers between quoted lines are kept.
It must not know HTML; quotes of HTML arrive as ``> `` lines.
"""

from __future__ import annotations

import re

from vedette.mime import phrases

# Gmail wraps an attribution after 78 columns, so that it takes up to three lines.
_MOST_LINES = 3
_LONGEST_ATTRIBUTION = 400
# The header above an answered mail: a name of at most 20 characters, and three kinds of
# fields (a sender and two more) among six lines, so that "From: the desk of" is no quote.
_LONGEST_NAME = 20
_BLOCK_LINES = 6
_BLOCK_KINDS = 3
_RULE = re.compile(r"\s*_{20,}\s*")
_MOMENT = re.compile(r"\d{4}\D.{0,20}\d{1,2}[:.]\d\d")
_WIDE = "\uff1a"  # the colon of Chinese text
_END = f":{_WIDE} \u00a0"
_DASHES = frozenset("-_")
_SIGNATURE = re.compile(r"--\s?")


def extract(text: str) -> str:
    """Return what the sender of ``text`` wrote, quoted mail, attribution and signature removed.

    A text that is nothing but a quote or a forwarded message is returned whole: an
    empty reply to a message that has words would be wrong more often than right.
    """
    lines = text.split("\n")
    kept = _own(lines)
    reply = "\n".join(_unsigned(kept)).strip()
    return reply or text.strip()


def _own(lines: list[str]) -> list[str]:
    """Return the lines that are not quoted; stop where everything below is quoted."""
    bare = list(map(str.strip, lines))
    marked = [number for number, line in enumerate(bare) if line[:1] == ">"]
    last_mark = marked[-1] if marked else -1
    starts = _attribution_starts(bare)
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = bare[number]
        if line[:1] == ">":
            if kept and kept[-1]:
                kept.append("")
            number += 1
            continue
        if number in starts and (length := _attribution(bare, number)):
            if last_mark < number:
                break  # the answered mail stands below without marks
            number += length
            continue
        # Most lines hold none of what a quoted mail begins with.
        if (line[:1] in _DASHES or ":" in line or _WIDE in line) and _starts_quote(bare, number):
            break
        kept.append(lines[number].rstrip())
        number += 1
    return kept


def _attribution_starts(lines: list[str]) -> set[int]:
    """Return the lines that could start an attribution: those just above a final colon."""
    starts: set[int] = set()
    for number, line in enumerate(lines):
        if line.endswith(phrases.COLONS):
            starts.update(range(number + 1 - _MOST_LINES, number + 1))
    return starts


def _starts_quote(lines: list[str], number: int) -> bool:
    line = lines[number]
    if line[0] in _DASHES:
        if phrases.DIVIDERS.fullmatch(line):
            return True
        return bool(_RULE.fullmatch(line)) and _header_block(lines, number + 1)
    return _header_name(line) == "from" and _header_block(lines, number)


def _attribution(lines: list[str], number: int) -> int:
    """Return how many lines from ``number`` are one attribution; 0 if none starts there."""
    joined = ""
    for length, line in enumerate(lines[number : number + _MOST_LINES], 1):
        if not line or len(joined) + len(line) > _LONGEST_ATTRIBUTION:
            return 0
        joined = f"{joined} {line}" if joined else line
        if line.endswith(phrases.COLONS):
            return length if _is_attribution(joined, alone=length == 1) else 0
    return 0


def _is_attribution(line: str, *, alone: bool) -> bool:
    text = line.rstrip(_END).lower()
    if text.endswith(">") and _MOMENT.search(text):
        return True  # Gmail in Russian and others: a moment, a sender and no verb
    dated = any(character.isdigit() for character in text) or "@" in text
    if text.endswith(phrases.VERBS):
        return dated and (alone or text.startswith(phrases.OPENINGS) or text[:1].isdigit())
    padded = f" {text} "
    return (
        dated
        and text.startswith(phrases.OPENINGS)
        and any(f" {verb} " in padded or f" {verb}:" in padded for verb in phrases.VERBS)
    )


def _header_name(line: str) -> str | None:
    if ":" not in line and _WIDE not in line:
        return None
    head, colon, _rest = line.lstrip("*").replace(_WIDE, ":", 1).partition(":")
    if not colon or len(head) > _LONGEST_NAME:
        return None
    return phrases.HEADER_NAMES.get(head.strip(" *\u00a0").lower())


def _header_block(lines: list[str], number: int) -> bool:
    """Return whether a quoted header starts here: a sender, and two more of its kind."""
    kinds = set()
    looked = 0
    for line in lines[number : number + 2 * _BLOCK_LINES]:
        if not line:
            continue
        looked += 1
        if kind := _header_name(line):
            kinds.add(kind)
        if looked == _BLOCK_LINES:
            break
    return "from" in kinds and len(kinds) >= _BLOCK_KINDS


def _unsigned(lines: list[str]) -> list[str]:
    """Drop the signature: from ``-- `` (RFC 3676 section 4.3) to the end of what was kept."""
    for number, line in enumerate(lines):
        if number and line[:2] == "--" and _SIGNATURE.fullmatch(line):
            lines = lines[:number]
            break
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    if end > 1 and phrases.SENT_FROM.fullmatch(lines[end - 1].strip()):
        end -= 1
    return lines[:end]
