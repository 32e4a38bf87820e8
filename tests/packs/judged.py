"""The packs that ship, made ready, and what they make of messages of the corpus.

Must not know: what is expected of a message.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from tests.corpus import catalogue
from tests.corpus.family import Sample, Split
from tests.corpus.posting import AUTHSERV
from tests.corpus.score import Outcome
from vedette import mime
from vedette.guard.domains import Entries
from vedette.guard.evidence import Evidence
from vedette.guard.judging import Guard
from vedette.guard.pack import ActionKind, Pack
from vedette.guard.reading import read_pack
from vedette.guard.verdict import Verdict

PACKS = Path(str(resources.files("vedette"))) / "packs"


#: A list that has nobody on it.
NOBODY = Entries([], name="nobody")


@cache
def pack(name: str) -> Pack:
    """Return a pack that ships, read."""
    return read_pack((PACKS / f"{name}.yaml").read_text(encoding="utf-8"), file=f"{name}.yaml")


@cache
def gambling(split: Split) -> Guard:
    """Return the gambling guard; its list is what lists know of the operators of a split."""
    listed = Entries(catalogue.listed_domains(split), name="listed")
    return Guard(pack("gambling"), {"gambling": [listed]})


@cache
def unlisting() -> Guard:
    """Return the gambling guard without lists: what it sees is in the letter alone."""
    return Guard(pack("gambling"), {"gambling": [NOBODY]})


def evidence(raw: bytes, *, facts: Iterable[str] = (), flags: Iterable[str] = ()) -> Evidence:
    """Return what a guard sees of a message as the mailbox of the corpus received it."""
    message = mime.read(raw, trusted_authserv=[AUTHSERV], shown=True)
    return Evidence(message=message, size=len(raw), facts=tuple(facts), flags=tuple(flags))


def judged(sample: Sample) -> Verdict:
    """Return the gambling guard's verdict, which may look at the bytes alone."""
    return gambling(sample.split).full(evidence(sample.raw))


def outcome(verdict: Verdict) -> Outcome:
    """Return what a verdict does with a message."""
    assert not verdict.failed
    kinds = {action.kind for action in verdict.actions}
    if ActionKind.MOVE in kinds:
        return Outcome.QUARANTINED
    return Outcome.FLAGGED if kinds else Outcome.LEFT


def decide(sample: Sample) -> Outcome:
    """Return what the gambling guard does with a sample."""
    return outcome(judged(sample))
