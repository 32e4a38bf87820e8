"""Lists laid over each other: of one id the nearest to the machine counts."""

from __future__ import annotations

from structlog.testing import capture_logs

from vedette.app.layers import API, FILE, TABLE, Layers


def made() -> Layers[str, int]:
    return Layers("account")


def test_what_changes_is_what_comes_out() -> None:
    """New, changed, gone; what is as it was is not told."""
    layers = made()

    assert layers.change(API, {"a": 1, "b": 2}) == {"a": 1, "b": 2}
    assert layers.change(API, {"a": 1, "b": 3}) == {"b": 3}
    assert layers.change(API, {"a": None, "never": None}) == {"a": None}
    assert layers.seen == {"b": 3}


def test_a_file_that_is_read_replaces_its_layer_alone() -> None:
    """What it leaves out is gone, but for what another layer has."""
    layers = made()
    layers.change(API, {"a": 1})
    layers.replace(FILE, {"a": 2, "b": 2})

    assert layers.replace(FILE, {"c": 3}) == {"a": 1, "b": None, "c": 3}


def test_the_file_counts_then_the_table_then_the_api() -> None:
    """Whichever came first; a layer below is not seen to change."""
    layers = made()
    assert layers.change(TABLE, {"a": 2}) == {"a": 2}
    assert layers.change(API, {"a": 3}) == {}
    assert layers.change(FILE, {"a": 1}) == {"a": 1}
    assert layers.change(TABLE, {"a": 5}) == {}
    assert layers.change(FILE, {"a": None}) == {"a": 5}
    assert layers.change(TABLE, {"a": None}) == {"a": 3}


def test_something_that_is_set_twice_is_said_once() -> None:
    """And again after it was taken away and set once more."""
    layers = made()
    with capture_logs() as logs:
        layers.change(FILE, {"a": 1})
        for value in (2, 3, 4):
            layers.change(API, {"a": value})
    assert [(line["id"], line["counts"], line["ignored"]) for line in logs] == [("a", FILE, API)]

    with capture_logs() as logs:
        layers.change(API, {"a": None})
        layers.change(API, {"a": 5})
    assert len(logs) == 1
