"""What a guard must not do to others while it judges: convict honest marks, and follow links."""

from __future__ import annotations

import socket
import sys

import pytest

from tests.corpus.family import Split
from tests.corpus.score import Outcome
from tests.packs.judged import evidence, gambling, outcome
from tests.packs.letters import letter
from vedette.guard.verdict import Verdict

#: Links that lead on: a shortener, a wrapper with its aim inside, a redirector, one to unsubscribe.
LINKS = (
    "https://bit.ly/3xYzAbC",
    "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fvulkan-bet.party%2Fbonus",
    "https://www.google.com/url?q=https%3A%2F%2Fvulkan-bet.party%2F",
    "https://news.example.org/unsubscribe?token=9f8e7d6c5b4a",
)

#: What honest programs put into honest mail, by who does it.
HONEST = {
    "Apple's narrow space before PM": "The train leaves at 10:30\u202fPM from platform 4.",
    "French typography": "Votre facture de 10\u202f000\u00a0€ est prête\u202f: merci de votre visite\u202f!",
    "joined emoji": "The crew \U0001f469\u200d\U0001f680 met \U0001f468\u200d\U0001f469\u200d\U0001f467 today.",
    "marks of direction": "Your order \u200e4711\u200e of \u200f\u05e9\u05dc\u05d5\u05dd\u200f is on its way.",
    "soft hyphens": "Die Jahres\u00adhaupt\u00adver\u00adsamm\u00adlung be\u00adginnt um acht.",
}

#: What asks the network or another program (the interpreter's audit events).
ASKING = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.sendto",
    "urllib.",
    "subprocess.",
    "os.system",
)


class Auditor:
    """Writes down what the interpreter is asked to do while it listens; it can not be taken off."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.listens = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _words: tuple[object, ...]) -> None:
        if self.listens and event.startswith(ASKING):
            self.heard.append(event)


def verdict(text: str) -> Verdict:
    """Return the verdict on a letter with this text."""
    return gambling(Split.DEVELOP).full(evidence(letter(text)))


def test_no_link_is_followed() -> None:
    """G13: nobody is asked where a link leads: it may be used once only, or unsubscribe."""
    verdict("Hello.")  # what is loaded once is loaded now
    auditor = Auditor()
    auditor.listens = True
    try:
        found = verdict("Casino bonus for you: " + " ".join(LINKS))
    finally:
        auditor.listens = False

    assert not found.failed
    assert auditor.heard == []

    auditor.listens = True
    socket.getaddrinfo("127.0.0.1", 443)
    auditor.listens = False
    assert auditor.heard == ["socket.getaddrinfo"]


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_marks_of_honest_programs_convict_nobody(text: str) -> None:
    """G12: narrow spaces, joiners, marks of direction and soft hyphens are no disguise."""
    assert outcome(verdict(text)) is Outcome.LEFT
