"""What is written is finished.

Must not know: what the code does.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tree import named, text_files

# Put together here, so that this file passes its own test.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
CONFLICT = re.compile(r"(?m)^(<{7}|>{7}) ")


@pytest.mark.parametrize("path", text_files(), ids=named)
def test_nothing_is_left_for_later(path: Path) -> None:
    """No file holds a note to do something later, or a merge left half done."""
    content = path.read_text()

    assert UNFINISHED.findall(content) == []
    assert CONFLICT.findall(content) == []
