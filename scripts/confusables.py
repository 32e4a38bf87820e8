"""Write the table of letters that look like Latin ones, from the data of Unicode.

``python -m scripts.confusables confusables.txt``, where the file is
https://www.unicode.org/Public/security/17.0.0/confusables.txt (UTS 39). What is kept: characters
of other scripts, in lower case, that are confusable with letters of ASCII; the forms that
``vedette.guard.letters`` already undoes are left out.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from unicodedata import category, name

from vedette.guard.letters import form

TABLE = Path(__file__).parents[1] / "src" / "vedette" / "guard" / "confusables.py"

_LINE = re.compile(r"([0-9A-F]{4,6}) ;\t([0-9A-F ]+?) ;\tMA\t")
# Their texts have Latin words without a space between, so one word of both says nothing.
_UNSPACED = re.compile("CJK|HANGUL|HIRAGANA|KATAKANA|BOPOMOFO|THAI|LAO|KANGXI|IDEOGRAPH|YI ")
# Letters, digits (a zero is an "o") and signs.
_KINDS = ("L", "Nd", "Nl", "So", "Sm")
_LINE_ROOM = 92

_OPENING = '''\
"""Letters of other scripts that look like Latin ones. Written by ``scripts/confusables.py``.

From confusables.txt of Unicode {version} (UTS 39, Unicode Security Mechanisms).
Copyright (c) 1991-2025 Unicode, Inc. Unicode License v3 (SPDX: Unicode-3.0): the data is provided
"as is", without warranty; https://www.unicode.org/license.txt.
"""

from __future__ import annotations

#: By the letters of ASCII, what looks like them; in lower case.
LOOKALIKES = {{
{rows}
}}
'''


def main(source: Path) -> None:
    """Read ``source`` and write the table."""
    text = source.read_text(encoding="utf-8-sig")
    found = re.search(r"# Version: (\S+)", text)
    if found is None:
        raise SystemExit(f"{source}: no version; is this confusables.txt of Unicode?")
    rows = "\n".join(_row(letters, chars) for letters, chars in sorted(_table(text).items()))
    TABLE.write_text(_OPENING.format(version=found[1], rows=rows), encoding="utf-8")


def _table(text: str) -> dict[str, set[str]]:
    table: dict[str, set[str]] = defaultdict(set)
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        char = chr(int(match[1], 16))
        target = "".join(chr(int(point, 16)) for point in match[2].split())
        letters = "".join(form(each.lower()) for each in target).replace("rn", "m")
        if letters == "l" and category(char) == "Lu":
            letters = "i"
        low = char.lower()
        if not letters.isascii() or not letters.isalpha() or len(low) > 1 or low.isascii():
            continue
        if form(low) != low or not category(low).startswith(_KINDS):
            continue
        if not _UNSPACED.search(name(low, "")):
            table[letters].add(low)
    return table


def _row(letters: str, chars: set[str]) -> str:
    shown = [_escaped(each) for each in sorted(chars)]
    lines = [""]
    for each in shown:
        if len(lines[-1]) + len(each) > _LINE_ROOM:
            lines.append("")
        lines[-1] += each
    if len(lines) == 1:
        return f'    "{letters}": "{lines[0]}",'
    body = "\n".join(f'        "{line}"' for line in lines)
    return f'    "{letters}": (\n{body}\n    ),'


def _escaped(char: str) -> str:
    point = ord(char)
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"  # noqa: PLR2004 -- the last of four digits


if __name__ == "__main__":
    main(Path(sys.argv[1]))
