"""The page of performance is written from the results that are kept, and every figure is on it.

Must not know: any figure.
"""

from __future__ import annotations

from bench import report
from bench.figures.catalogue import FIGURES
from bench.results import PUBLISHED, Results

HINT = "run: python -m bench.report"


def test_the_page_is_what_the_published_results_say() -> None:
    """Nobody wrote a number by hand, and nobody forgot to write the page anew."""
    assert report.PAGE.read_text(encoding="utf-8") == report.published(), HINT


def test_every_figure_is_published() -> None:
    """A figure that was added is measured before it is shown."""
    assert list(Results.read(PUBLISHED).figures) == list(FIGURES)
