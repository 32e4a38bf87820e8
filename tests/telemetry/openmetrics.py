"""Reads an exposition back, strictly, by the grammar of the formats and not by our writer.

Must not know how the numbers were written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NUMBER = re.compile(r"[+-]?(?:Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|NaN")
_SUFFIXES = {
    ("counter", False): {""},
    ("counter", True): {"_total"},
    ("gauge", False): {""},
    ("gauge", True): {""},
    ("histogram", False): {"_bucket", "_sum", "_count"},
    ("histogram", True): {"_bucket", "_sum", "_count"},
}


@dataclass(slots=True)
class Family:
    """What stood under one TYPE."""

    kind: str
    help: str
    unit: str = ""
    points: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)


def parse(text: str, *, openmetrics: bool = False) -> dict[str, Family]:
    """Return the families by name. Raises ValueError for anything that a scraper would refuse."""
    lines = text.split("\n")
    if lines.pop() != "":
        raise ValueError("the last line has no end")
    if openmetrics and lines.pop() != "# EOF":
        raise ValueError("no # EOF at the end")
    families: dict[str, Family] = {}
    name = help_text = ""
    for line in lines:
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            help_text = _unescaped(words, quotes=openmetrics)
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            if name in families:
                raise ValueError(f"{name} comes twice")
            families[name] = Family(kind, help_text)
        elif line.startswith("# UNIT "):
            name, _, unit = line[7:].partition(" ")
            if not name.endswith(f"_{unit}"):
                raise ValueError(f"{name} does not end in its unit {unit}")
            families[name].unit = unit
        elif line.startswith("#"):
            raise ValueError(f"not a comment that is known: {line}")
        else:
            _point(line, name, families[name], openmetrics=openmetrics)
    return families


def _point(line: str, name: str, family: Family, *, openmetrics: bool) -> None:
    match = _NAME.match(line)
    if match is None or not match.group().startswith(name):
        raise ValueError(f"{line} does not belong to {name}")
    suffix = match.group().removeprefix(name)
    if suffix not in _SUFFIXES[family.kind, openmetrics]:
        raise ValueError(f"{suffix} is no suffix of a {family.kind}")
    labels, at = _labels(line, match.end())
    if line[at] != " " or _NUMBER.fullmatch(line, at + 1) is None:
        raise ValueError(f"no number in {line}")
    if (suffix, labels) in family.points:
        raise ValueError(f"{line} comes twice")
    family.points[suffix, labels] = float(line[at + 1 :])


def _labels(line: str, at: int) -> tuple[tuple[tuple[str, str], ...], int]:
    if line[at] != "{":
        return (), at
    found = []
    while line[at] != "}":
        match = _LABEL.match(line, at + 1)
        if match is None or line[match.end() : match.end() + 2] != '="':
            raise ValueError(f"no label at {at} of {line}")
        end = match.end() + 2
        while line[end] != '"':
            end += 2 if line[end] == "\\" else 1
        value = _unescaped(line[match.end() + 2 : end], quotes=True)
        found.append((match.group(), value))
        at = end + 1
        if line[at] not in ",}":
            raise ValueError(f"neither , nor }} at {at} of {line}")
    if len(dict(found)) != len(found):
        raise ValueError(f"a label comes twice in {line}")
    return tuple(found), at + 1


def _unescaped(text: str, *, quotes: bool) -> str:
    known = {"\\": "\\", "n": "\n"} | ({'"': '"'} if quotes else {})
    return re.sub(r"\\(.)", lambda found: known[found[1]], text)
