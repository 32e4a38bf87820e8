"""Sequence numbers: what a client can reckon from the reports is what the server means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tests.demo.talk import HELLO, NOW, maildrop
from vedette.demo.mailbox import Mailbox
from vedette.demo.view import View


def view_of(box: Mailbox, *, read_only: bool = True) -> View:
    """Open a mailbox for a client that need not be woken."""
    return View(box, read_only=read_only, wake=lambda: None)


@dataclass
class Client:
    """Reckons how many messages there are, from EXISTS and EXPUNGE alone."""

    count: int
    flags: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take one untagged response; numbers must be within what it knows."""
        number, word = re.fullmatch(r"\* (\d+) ([A-Z]+).*", line).groups()  # type: ignore[union-attr]
        if word == "EXPUNGE":
            assert 1 <= int(number) <= self.count
            self.count -= 1
        elif word == "EXISTS":
            assert int(number) >= self.count
            self.count = int(number)
        elif word == "FETCH":
            assert 1 <= int(number) <= self.count


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["arrive", "expunge", "flag", "report", "some"]), st.integers(0, 9)),
    max_size=40,
)


@given(STEPS)
def test_a_clients_reckoning_never_differs(steps: list[Step]) -> None:
    """Whatever happens between reports, with expunges held back or not."""
    box = maildrop().mailboxes["INBOX"]
    view = view_of(box)
    client = Client(count=0)
    for step, number in [*steps, ("report", 0)]:
        uids = box.uids()
        chosen = uids[number % len(uids)] if uids else 0
        if step == "arrive":
            box.append(HELLO, date=NOW)
        elif step == "expunge":
            box.expunge(chosen)
        elif step == "flag" and (mail := box.get(chosen)) is not None:
            box.flag(mail, {f"k{number}"})
        elif step in {"report", "some"}:
            for line in view.report(expunges=step == "report"):
                client.hear(line)
            assert client.count == len(view)
    assert [uid for _, uid in sorted((view.number(each), each) for each in box.uids())] == (
        box.uids()
    )
    assert client.count == len(box)


def test_recent_belongs_to_the_first_who_may_write() -> None:
    r"""EXAMINE leaves \Recent to others; SELECT takes it (RFC 3501 section 2.3.2)."""
    box = maildrop().mailboxes["INBOX"]
    box.append(HELLO, date=NOW)
    assert view_of(box).recent == 1
    assert view_of(box, read_only=False).recent == 1
    assert view_of(box).recent == 0


def test_a_message_that_came_and_went_is_never_told() -> None:
    """Nobody heard of it, so there is nothing to take back."""
    box = maildrop().mailboxes["INBOX"]
    view = view_of(box)
    box.expunge(box.append(HELLO, date=NOW).uid)
    assert list(view.report()) == []


def test_a_closed_view_is_told_nothing() -> None:
    """The mailbox forgets who left."""
    box = maildrop().mailboxes["INBOX"]
    view = view_of(box)
    view.close()
    view.close()
    box.append(HELLO, date=NOW)
    assert list(view.report()) == []
    assert not box.viewers
