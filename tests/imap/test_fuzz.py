"""The fuzz target itself: its seeds hold, a short run holds, and a broken law is noticed."""

from __future__ import annotations

import random

import pytest

from tests.fuzz import fuzz_imap
from tests.fuzz.campaign import BrokenLawError
from vedette.imap import Connection


def test_every_seed_of_the_corpus_holds_the_laws() -> None:
    """The corpus covers each response, and none of its files breaks the core."""
    known = fuzz_imap.CAMPAIGN.known()

    assert len(known) >= 25
    for data in known:
        fuzz_imap.check(data)


def test_a_short_run_of_mutations_holds_the_laws() -> None:
    """Four hundred mutations of a fixed seed; longer runs are the script's."""
    dice, known = random.Random(2026), fuzz_imap.CAMPAIGN.known()

    for _ in range(400):
        fuzz_imap.check(fuzz_imap.CAMPAIGN.mutate(known, dice))


def test_target_notices_a_core_that_depends_on_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that can not fail proves nothing."""
    honest = Connection.receive_data

    def forgetful(self: Connection, data: bytes | bytearray | memoryview) -> None:
        honest(self, data if len(data) > 1 else b"")

    monkeypatch.setattr(Connection, "receive_data", forgetful)
    with pytest.raises(BrokenLawError, match="differ"):
        fuzz_imap.check(fuzz_imap.CAMPAIGN.known()[3] * 3)
