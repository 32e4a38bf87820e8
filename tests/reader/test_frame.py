"""Frames keep their borders, and an early end is an end."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from vedette.reader import frame


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_frames_come_back_one_by_one(bodies: list[bytes]) -> None:
    """Empty ones too; then nothing."""
    pipe = io.BytesIO()
    for body in bodies:
        frame.write(pipe, body)
    pipe.seek(0)

    assert [frame.read(pipe) for _ in bodies] == bodies
    assert frame.read(pipe) is None


@given(st.binary(min_size=1, max_size=50), st.integers(0, 52))
def test_a_frame_that_ends_early_is_none(body: bytes, kept: int) -> None:
    """The other side died while it wrote."""
    pipe = io.BytesIO()
    frame.write(pipe, body)
    cut = io.BytesIO(pipe.getvalue()[: min(kept, len(body) + 3)])

    assert frame.read(cut) is None
