"""What is written is finished.

Must not know: what the code does.
"""

from __future__ import annotations

import re

from tests.house.tree import named, text_files

# Put together here, so that this file passes its own test.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
CONFLICT = re.compile(r"(?m)^(<{7}|>{7}) ")


def test_nothing_is_left_for_later() -> None:
    """No file holds a note to do something later, or a merge left half done."""
    assert [
        (named(path), found)
        for path in text_files()
        for pattern in (UNFINISHED, CONFLICT)
        if (found := pattern.findall(path.read_text()))
    ] == []
