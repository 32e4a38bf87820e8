"""The report: medians, ratios, promises and losses, from results of known numbers.

Must not know: how anything is measured.
"""

from __future__ import annotations

from pathlib import Path

from bench import report
from bench.figures import guard_latency, storm
from bench.figures.catalogue import FIGURES
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


def acted(ours: float, theirs: float) -> Results:
    """Return what it took to act on a message at 40 ms, by both ways."""
    mine, other = {"acted_40": [ours], "excess_40": [ours - 80]}, {"acted_40": [theirs]}
    return results({"guard_latency": {"vedette": mine, "backend": other}})


def test_a_promise_of_times_is_held_against_the_peer() -> None:
    """Four times as fast is kept at 100 and 400, and not at 100 and 360."""
    row = "| ≥ 4.00 times the backend |"

    assert f"{row} 4.00 | yes |" in report.page(acted(100.0, 400.0))
    assert f"{row} 3.60 | no, 10 % off |" in report.page(acted(100.0, 360.0))


def test_a_promise_without_its_peer_is_not_told() -> None:
    """A ratio needs two."""
    alone = results({"guard_latency": {"vedette": {"acted_40": [100.0]}}})

    assert "times the backend" not in report.page(alone)


def test_a_peer_that_is_better_stands_beside_a_guard() -> None:
    """Where a figure has several distances, each is told for itself."""
    page = report.page(acted(100.0, 90.0))

    assert "announced to gone, at 40 ms, median: backend 90.0 ms, Vedette 100." in page
    assert "excess" not in page


def test_every_figure_can_be_published() -> None:
    """Each has a table with all its variants, its promises, and a way to say who is better."""
    measured = {
        name: {
            variant: {quantity.key: [100.0] for quantity in figure.quantities}
            for variant in figure.variants
        }
        for name, figure in FIGURES.items()
    }
    page = report.page(results(measured))

    for figure in FIGURES.values():
        assert f"## {figure.title}\n" in page
        for quantity in figure.quantities:
            assert quantity.target is None or f"| {figure.title}: {quantity.title} |" in page
    assert guard_latency.FIGURE.runs is not None


def test_a_peer_that_was_left_out_is_named() -> None:
    """The page says why there is no column of it."""
    assert "- left out: imapflow: no Node.js" in report.page(logins([1.0], [1.0]))


def test_some_figures_are_published_in_their_places(tmp_path: Path) -> None:
    """The others stay, and the page says which were measured by themselves, and when."""
    path = tmp_path / "published.json"
    both = logins([1300.0], [625.0])
    both.figures["guard_cpu"] = {"vedette": {"head": [200.0]}, "rspamd": {}}
    both.write(path)
    newer = results({"guard_cpu": {"vedette": {"head": [90.0]}, "rspamd": {}}})
    newer.date, newer.commit = "2026-12-01 12:00 UTC", "def"

    report.publish(newer, path)

    page = report.page(Results.read(path))
    assert "| 90.0 |" in page
    assert "| 1,300 " in page
    assert page.count("Measured by itself on 2026-12-01 12:00 UTC at commit `def`, 3 times") == 1


def test_a_whole_run_is_published_in_place_of_all(tmp_path: Path) -> None:
    """Nothing of the run before it stays."""
    path = tmp_path / "published.json"
    results({"gone": {}}).write(path)

    report.publish(results({name: {} for name in FIGURES}), path)

    assert Results.read(path).figures == {name: {} for name in FIGURES}


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
