"""Guards as a command sees them beside the service: what the others keep closed stays so."""

from __future__ import annotations

from tests.support.guards import PACK, QUARANTINE
from tests.support.trust import account, guard
from vedette.app.guards.recorded import Recorded, guarding_of
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Post
from vedette.guard.judging import Guard
from vedette.model.folder import Folder
from vedette.secret import Secret

SMALL = """\
guard: small
symbols:
  OFFER: {where: [subject], phrases: [offer], score: 5, says: "an offer"}
actions:
  mark: {flag: $Offer}
verdicts:
  - {do: mark, at: 5, need: OFFER}
"""


def judged(folder: str, *others: GuardSettings) -> bool:
    """Tell whether a guard that is tried among others judges a folder."""
    whose = account().account
    tried = Post(guard=Guard(guard(SMALL).pack, {}), key=Secret("key"))
    found = guarding_of(whose, others, Recorded(), tried)
    place = Folder(path=folder.encode(), name=folder, delimiter="/")
    return any(each.guard is tried.guard for each in found.of(whose, place))


def test_a_guard_that_is_tried_does_not_judge_what_another_took_away() -> None:
    """As where both stand; what nobody took away it judges."""
    other = guard(PACK)

    assert judged(QUARANTINE)
    assert not judged(QUARANTINE, other)
    assert judged("INBOX", other)
