"""Whether the last run ended well: a mark that only its own run takes away."""

from __future__ import annotations

from pathlib import Path

from vedette.app.run_marker import RunMarker


def test_the_first_run_has_nothing_to_worry_about(tmp_path: Path) -> None:
    """Nothing ran before, so nothing ended badly."""
    assert RunMarker(tmp_path).begin()


def test_after_an_orderly_end_the_next_run_is_told_so(tmp_path: Path) -> None:
    """The mark is gone with the run."""
    first = RunMarker(tmp_path)
    first.begin()
    first.end()

    assert RunMarker(tmp_path).begin()


def test_after_a_run_that_never_ended_the_next_one_is_told(tmp_path: Path) -> None:
    """A kill takes no mark away."""
    RunMarker(tmp_path).begin()

    assert not RunMarker(tmp_path).begin()


def test_a_run_that_was_refused_leaves_the_mark_of_the_one_that_runs(tmp_path: Path) -> None:
    """It ended, but it never began."""
    RunMarker(tmp_path).begin()

    RunMarker(tmp_path).end()

    assert not RunMarker(tmp_path).begin()


def test_a_folder_that_can_not_be_written_stops_nothing(tmp_path: Path) -> None:
    """The store says that better; here it is no error, neither at the begin nor at the end."""
    marker = RunMarker(tmp_path / "missing")

    assert marker.begin()
    marker.end()


def test_ending_twice_is_ending(tmp_path: Path) -> None:
    """A stop may come twice."""
    marker = RunMarker(tmp_path)
    marker.begin()
    marker.end()
    marker.end()

    assert list(tmp_path.iterdir()) == []
