"""The report: medians, ratios, promises and losses, from results of known numbers.

Must not know: how anything is measured.
"""

from __future__ import annotations

from pathlib import Path

from bench import report
from bench.figures import storm
from bench.figures.round_trips import exchanges
from bench.results import Results, Spread


def results(figures: dict[str, dict[str, dict[str, list[float]]]]) -> Results:
    return Results(
        date="2026-11-21 00:00 UTC",
        machine={"cores": "2"},
        commit="abc",
        runs=3,
        scale=1.0,
        versions={"vedette": "Vedette 1"},
        missing={"imapflow": "no Node.js"},
        load_before=0.1,
        figures=figures,
    )


def logins(ours: list[float], theirs: list[float]) -> Results:
    return results(
        {"storm": {"vedette": {"per_second": ours}, "imapclient": {"per_second": theirs}}}
    )


def test_a_cell_is_the_median_and_its_spread() -> None:
    """One slow run does not count for more than one."""
    assert Spread.of([9.0, 1.0, 2.0]) == Spread(median=2.0, least=1.0, most=9.0)


def test_a_ratio_above_one_means_that_we_are_better() -> None:
    """Where more is better, it is ours by theirs."""
    table = report.shown(storm.FIGURE, logins([1300.0, 1200.0, 1250.0], [625.0, 600.0, 650.0]))

    assert table[2] == "| logins to IDLE (/s) | 1,250 (1,200 to 1,300) | 625 (600 to 650) | 2.00 |"


def test_a_promise_that_is_not_kept_says_by_how_much() -> None:
    """1,080 of 1,200 promised are a tenth off."""
    page = report.page(logins([1080.0], [600.0]))

    assert "| ≥ 1,200 /s | 1,080 /s | no, 10 % off |" in page
    assert "Nowhere." in page


def test_a_loss_is_told() -> None:
    """A peer that is better stands on the page with its number."""
    page = report.page(logins([1300.0], [1400.0]))

    assert "| ≥ 1,200 /s | 1,300 /s | yes |" in page
    assert (
        "- Connect storm: logins to IDLE, first time: imapclient 1,400 /s, Vedette 1,300." in page
    )


def test_a_peer_that_was_left_out_is_named() -> None:
    """The page says why there is no column of it."""
    assert "- left out: imapflow: no Node.js" in report.page(logins([1.0], [1.0]))


def test_results_survive_their_file(tmp_path: Path) -> None:
    """What is read is what was written."""
    written = logins([1300.0], [1400.0])

    written.write(tmp_path / "results.json")

    assert Results.read(tmp_path / "results.json") == written


def test_writes_are_counted_between_announcement_and_body() -> None:
    """DONE and FETCH in one write are one; one after the other are two; a pushed body has none."""
    notes = [
        (1, "S", "* 1 EXISTS\r\n"),
        (2, "C", "DONE\r\na UID FETCH 1 (BODY.PEEK[])\r\n"),
        (3, "S", "i OK\r\n* 1 FETCH (UID 1 BODY[] {5}\r\n"),
        (4, "S", "* 2 EXISTS\r\n"),
        (5, "C", "DONE\r\n"),
        (6, "S", "i OK\r\n"),
        (7, "C", "b UID FETCH 2 (BODY.PEEK[])\r\n"),
        (8, "S", "* 2 FETCH (UID 2 BODY[] {5}\r\n"),
        (9, "S", "* 3 EXISTS\r\n* 3 FETCH (UID 3 BODY[] {5}\r\n"),
        (10, "S", "* 4 EXISTS\r\n"),
    ]

    assert exchanges(notes) == [1, 2, 0]
