"""Kinds of gambling that name neither casino nor bonus, and the honest mail beside them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.family import Split
from tests.corpus.score import Outcome
from tests.packs.judged import evidence, gambling, outcome
from tests.packs.letters import letter

_KINDS = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))


def _done_with(raw: bytes) -> Outcome:
    return outcome(gambling(Split.DEVELOP).full(evidence(raw)))


@pytest.mark.parametrize("offer", _KINDS["offer"], ids=lambda each: each["kind"])
def test_a_kind_that_names_neither_casino_nor_bonus_is_flagged(offer: dict[str, Any]) -> None:
    """No list knows it, and no word of it convicts: several together do."""
    raw = letter(offer["text"], subject=offer["subject"], bulk=offer["bulk"])
    assert _done_with(raw) is Outcome.FLAGGED


@pytest.mark.parametrize("mail", _KINDS["honest"], ids=lambda each: each["kind"])
def test_honest_mail_beside_such_a_kind_is_left_alone(mail: dict[str, Any]) -> None:
    """Each of them says some words of a kind, and not those that make it one."""
    assert _done_with(letter(mail["text"], subject=mail["subject"])) is Outcome.LEFT


def test_a_host_that_is_written_out_counts_as_a_link() -> None:
    """A line that promises money is kept where it leads nowhere, and flagged where it does."""
    text = "Pat, £10 is live til 9pm, no dep needed, you can withdraw."
    assert _done_with(letter(text, bulk=False, link="")) is Outcome.LEFT
    named = letter(f"{text} Go to zap7.example", bulk=False, link="")
    assert _done_with(named) is Outcome.FLAGGED
