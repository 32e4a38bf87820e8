"""No message makes a judgement exceed what it may take: 50 ms of processor time and 64 MB.

By the pack that ships. Time is the processor's, the least of some runs, so that a busy machine
does not count; a first run may fill tables that later ones find.
"""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vedette
from tests.corpus import hostile
from tests.corpus.posting import AUTHSERV
from tests.mime.bombs import BOMBS
from tests.mime.letter import typed
from vedette import mime
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.reading import read_pack

SECONDS = 0.05
OCTETS = 64 * 1024 * 1024
RUNS = 3

PACK = Path(vedette.__file__).parent / "packs" / "gambling.yaml"
MESSAGES = {
    **dict(hostile.messages()),
    **{f"bomb of {name}": bomb(250_000) for name, bomb in BOMBS.items()},
}
#: What texts and pages are made of that is dear to look at: each is repeated many times.
PIECES = (
    "casino ", "c.a.s.i.n.o ", "c4s1n0 ", "Саsіnо ", "free spi", "bonus 100% ", "1x1x1x", "a!a!a!",
    "\u0301", "\u0336\u0323", "\u200b", "\u202e", "\u202c", "🇨🇦🇸", "𝐅𝐫", "ﷺ", "İ", "&#99;", "&amp;amp;",
    "https://a.example/?u=https%253A%252F%252Fb.example ", "https://x@y.example:1/", "www.a.", "//a",
    "0.1.2.3.4.5 ", "\n\n", " ", "<p>", "<font a>", "<div style='display:none'>", "</div>", "<a href='",
    "<td background=x>", "<!-- ", "-->", "<b>", "<svg><a>", "=", "_", "aHR0cHM6Ly9", "68747470",
)  # fmt: skip


@pytest.fixture(scope="module")
def guard() -> Guard:
    """Return the guard that ships, without lists."""
    return Guard(read_pack(PACK.read_text(encoding="utf-8"), file=PACK.name), {})


def read(raw: bytes) -> Evidence:
    """Read a message as the service does for guards."""
    message = mime.read(raw, shown=True, trusted_authserv=[AUTHSERV])
    return Evidence(message=message, size=len(raw))


def least(guard: Guard, evidence: Evidence) -> float:
    """Return the least processor time of some judgements, in seconds."""
    times = []
    for _ in range(RUNS):
        begun = time.process_time()
        verdict = guard.full(evidence)
        times.append(time.process_time() - begun)
        assert not verdict.failed
    return min(times)


@pytest.mark.parametrize("raw", MESSAGES.values(), ids=MESSAGES)
def test_a_hostile_message_is_judged_in_time(guard: Guard, raw: bytes) -> None:
    """Whatever it is made of."""
    assert least(guard, read(raw)) < SECONDS


@pytest.mark.parametrize("raw", MESSAGES.values(), ids=MESSAGES)
def test_a_hostile_message_is_read_and_judged_in_little_memory(guard: Guard, raw: bytes) -> None:
    """All that Python holds for it at a time."""
    tracemalloc.start()
    try:
        guard.full(read(raw))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert most < OCTETS


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["text/plain", "text/html"]),
    blocks=st.lists(
        st.tuples(
            st.lists(st.sampled_from(PIECES), min_size=1, max_size=4), st.integers(1, 20_000)
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_no_made_up_message_takes_longer(
    guard: Guard, kind: str, blocks: list[tuple[list[str], int]]
) -> None:
    """Pieces that are dear to look at, over and over, in any order."""
    text = "".join("".join(pieces) * many for pieces, many in blocks)[: 512 * 1024]
    raw = typed(f"{kind}; charset=utf-8", text)

    assert least(guard, read(raw)) < SECONDS
