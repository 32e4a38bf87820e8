"""The page on reliability names tests and planted defects that exist, and every defect."""

from __future__ import annotations

import re

from tests.house.tree import ROOT
from tests.sim.defects import DEFECTS

PAGE = ROOT / "docs" / "reference" / "reliability.md"
LINK = re.compile(r"\]\(([^)#]+)\)")
ROW = re.compile(r"^\|.*\|([^|]*)\|$", re.MULTILINE)


def test_every_link_of_the_page_leads_somewhere() -> None:
    """A test that was renamed or deleted shows nothing any more."""
    missing = [
        link
        for link in LINK.findall(PAGE.read_text())
        if "://" not in link and not (PAGE.parent / link).exists()
    ]

    assert missing == []


def test_every_planted_defect_stands_beside_a_promise_and_no_other() -> None:
    """Each defect breaks a promise of the page."""
    named = {
        name for cell in ROW.findall(PAGE.read_text()) for name in re.findall(r"`(\w+)`", cell)
    }

    assert named == set(DEFECTS)
