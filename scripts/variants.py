"""Writes ``src/vedette/guard/variants.py``: which characters have another form.

``python -m scripts.variants`` asks ``letters.form`` of every character, by the tables of the Python
it runs in; that takes too long for a program that starts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unicodedata import unidata_version

from vedette.guard.letters import form

TABLE = Path(__file__).parents[1] / "src" / "vedette" / "guard" / "variants.py"
_FIRST, _END = 0x80, 0x110000
_SURROGATES = range(0xD800, 0xE000)
_HEAD = '''"""Characters that have another form. Written by ``scripts/variants.py``, by Unicode {version}.

In lower case; what ``letters.form`` makes of them is not told here.
"""

from __future__ import annotations

# Each from the first to the last.
_RANGES = (
    "{ranges}"
)

#: Every character with another form.
VARIANTS = frozenset(
    chr(code)
    for first, last in (each.split("-") for each in _RANGES.split())
    for code in range(int(first, 16), int(last, 16) + 1)
)
'''
_WIDTH = 90


def variants() -> list[int]:
    """Return the characters that have another form."""
    codes = (code for code in range(_FIRST, _END) if code not in _SURROGATES)
    return [
        code for code in codes if chr(code).lower() == chr(code) and form(chr(code)) != chr(code)
    ]


def ranges(codes: list[int]) -> list[tuple[int, int]]:
    """Return runs of codes, each with its first and last."""
    found: list[tuple[int, int]] = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def module() -> str:
    """Return the text of the module."""
    lines = [""]
    for first, last in ranges(variants()):
        word = f"{first:x}-{last:x} "
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += word
    return _HEAD.format(version=unidata_version, ranges='"\n    "'.join(lines))


def main() -> int:
    """Write the module."""
    TABLE.write_text(module(), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
