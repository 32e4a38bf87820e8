"""The table of quirks says what the tests of today cover."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import quirks


def test_the_committed_table_is_what_the_tests_say() -> None:
    """``python -m scripts.quirks`` writes it anew; every entry has a test or a reason."""
    assert quirks.TABLE.read_text() == quirks.page()


def test_names_docstrings_and_dialogs_are_collected(tmp_path: Path) -> None:
    """Each of the three ways to name an entry is found; helpers name nothing."""
    (tmp_path / "test_one.py").write_text(
        'def test_i4_i2_mail() -> None:\n    """Twice (P3, catalogue)."""\n'
        'def test_other() -> None:\n    """P9: once (catalogue P4), and (S1, S2)."""\n'
        'def read() -> None:\n    """Nothing (C1)."""\n'
    )
    (tmp_path / "c5-bytes.imap").write_text("# C5, C4: bytes come.\nS: * OK\n")

    assert quirks.covering(tmp_path) == {
        "I4": ["test_one.py"],
        "I2": ["test_one.py"],
        "P4": ["test_one.py"],
        "P9": ["test_one.py"],
        "S1": ["test_one.py"],
        "S2": ["test_one.py"],
        "C5": ["c5-bytes.imap"],
        "C4": ["c5-bytes.imap"],
    }


@pytest.mark.parametrize(
    ("covered", "uncovered"), [({}, {}), ({"C1": ["test_one.py"]}, {"C1": "no reason"})]
)
def test_an_entry_has_a_test_or_a_reason_and_not_both(
    covered: dict[str, list[str]], uncovered: dict[str, str]
) -> None:
    """A hole in the table is said, and a hole that was filled is not said any more."""
    document = {"C": {"title": "Links", "C1": "It breaks"}, "uncovered": uncovered}

    with pytest.raises(quirks.QuirkError, match="C1"):
        quirks.table(document, covered)
