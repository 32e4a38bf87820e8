"""Cursors, versions and paces as such, whatever is sent for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api import Face
from vedette.api.pace import MAX_CALLERS, Pace
from vedette.api.pages import cursor, place
from vedette.api.problems import ProblemError

KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(KEYS)
def test_a_cursor_leads_back_to_its_key(key: str) -> None:
    """Whatever letters an id has."""
    assert place(cursor(key)) == key


@given(st.text())
def test_what_is_no_cursor_is_a_problem_and_no_defect(text: str) -> None:
    """Other text is refused, and what is accepted is a cursor that we give out."""
    try:
        key = place(text)
    except ProblemError as error:
        # Raised below, for the one assertion that is about it.
        refused = error.problem.status
    else:
        refused = 400 if cursor(key) == text else 0

    assert refused == 400


async def test_pages_hold_every_item_once(face: Face) -> None:
    """From page to page nothing is told twice or left out, and the last one says so."""
    names = [f"tenant{number:02}" for number in range(25)]
    for name in names:
        await face.ask("POST", "/v1/tenants", {"id": name})

    found: list[str] = []
    after: str | None = ""
    while after is not None:
        query = f"&after={after}" if after else ""
        page: dict[str, Any] = (await face.ask("GET", f"/v1/tenants?limit=10{query}")).json
        found += [each["id"] for each in page["items"]]
        after = page["next"]

    assert found == names


async def test_a_cursor_of_another_list_is_refused(face: Face) -> None:
    """The audit counts in numbers."""
    answer = await face.ask("GET", f"/v1/audit?after={cursor('acme')}")

    assert (answer.status, answer.code) == (400, "malformed")


def test_a_bucket_fills_again() -> None:
    """After its burst a caller goes on at its rate, and never saves up more than the burst."""
    pace = Pace(rate=2.0, burst=3)

    assert [pace.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert [pace.take("a", 0.5), pace.take("a", 0.5)] == [0.0, 0.5]
    assert [pace.take("a", 100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_a_clock_that_stands_or_goes_back_fills_nothing() -> None:
    """Nobody gains by it."""
    pace = Pace(rate=1.0, burst=1)
    pace.take("a", 10.0)

    assert pace.take("a", 5.0) > 0


@given(st.lists(st.floats(0, 10), max_size=50), st.integers(1, 5))
def test_no_caller_gets_more_than_its_rate(waits: list[float], burst: int) -> None:
    """In any stretch of time at most the burst and what the rate gives."""
    pace, now, granted = Pace(rate=1.0, burst=burst), 0.0, 0
    for wait in waits:
        now += wait
        granted += pace.take("a", now) == 0.0

    assert granted <= burst + now + 1e-6


def test_callers_that_are_remembered_are_bounded() -> None:
    """Strangers with ever new addresses do not fill the memory."""
    pace = Pace(rate=1.0, burst=1)

    for number in range(MAX_CALLERS + 10):
        pace.take(str(number), 0.0)

    assert len(pace._buckets) == MAX_CALLERS


@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/keys", "/v1/tenants", "/v1/audit"])
async def test_an_empty_list_is_a_page(face: Face, path: str) -> None:
    """It has no items and nothing after it."""
    await face.key()

    answer = await face.ask("GET", f"{path}?limit=1000")

    assert answer.json["next"] is None
