"""The names of picture files as words: where a page is all pictures, nothing else tells what it says.

A name is read as it is written: nothing is fetched. It must not know which words are suspicious.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from vedette.mime.charset import safe

#: Characters of a name as it is written: 255 octets, as file systems allow, percent-encoded.
LONGEST_WRITTEN = 3 * 255
# A service that scales pictures has the address of the picture in its own path, encoded.
_PERCENT_ROUNDS = 2
_REST = re.compile(r"[?#;].*", re.DOTALL)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
# All signs of ASCII but those that mean something beside a number: "100%", "50$".
_APART = re.compile(r"[\s!\"#&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]+")
_CAPITAL = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z])")
# Digests and sizes, which every newsletter has: hex, and words of more digits than letters.
_HEX = re.compile(r"[0-9a-f]{8,}")
# So most names are, and are soon told apart.
_CODE = re.compile(r"(?:(?=[a-f]*[0-9])[0-9a-f]{8,}|[0-9]+(?:x[0-9]+)?)(?:\.[A-Za-z]{3,4})?")
_LETTERS = re.compile(r"[^\W\d_]{2}")


def name(target: str) -> str:
    """Return the words of the file name that the address of a picture ends with.

    ``free-spins%20Bonus.png`` is "free spins Bonus". Host, folders, query and extension are left
    out. Empty where no word is left. Never raises.
    """
    if _CODE.fullmatch(target, target.rfind("/") + 1):
        return ""
    written = _last(_REST.sub("", target).strip())[-LONGEST_WRITTEN:]
    for _round in range(_PERCENT_ROUNDS):
        if "%" not in written:
            break
        written = _last(unquote(written))
    written = _CAPITAL.sub(" ", _EXTENSION.sub("", safe(written)))
    words = [each for each in _APART.split(written) if each and not _is_code(each)]
    told = " ".join(words)
    return told if _LETTERS.search(told) else ""


def _last(path: str) -> str:
    """Return what follows the last stroke; nothing where that is the host."""
    before, stroke, last = path.replace("\\", "/").rpartition("/")
    is_host = before.endswith("/") and before.rstrip("/")[-1:] in {":", ""}
    return "" if stroke and is_host else last


def _is_code(word: str) -> bool:
    if word.isalpha() or word.isdigit():
        return False
    digits = sum(map(str.isdigit, word))
    return digits > 0 and (
        digits > sum(map(str.isalpha, word)) > 0 or _HEX.fullmatch(word.lower()) is not None
    )
