"""The list of quirks: each is named once, and has a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vedette.imap.quirks import QUIRKS, Quirk

TESTS = {
    name
    for path in Path(__file__).parent.glob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_quirk_has_its_test(quirk: Quirk) -> None:
    """A quirk without a test is a rumour."""
    assert quirk.test in TESTS
    assert quirk.server
    assert quirk.evidence


def test_quirks_have_names_of_their_own() -> None:
    """A name is used once."""
    names = [quirk.name for quirk in QUIRKS]

    assert sorted(names) == sorted(set(names))
