"""What comes next for an action: the whole table, walked."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.imap import ByEmailId, ByGmailMessageId, ByHeader, ByNumber, Every, InUids
from vedette.model.action import ActionState
from vedette.sync.deed import (
    MAX_ATTEMPTS,
    MAX_CLUE,
    Abilities,
    Clue,
    Copy,
    Sight,
    Step,
    clue,
    next_step,
)

ABILITIES = [
    Abilities(move=move, uidplus=uidplus, searchres=False, gmail=gmail)
    for move, uidplus, gmail in product((True, False), repeat=3)
]
STATES = (ActionState.INTENDED, ActionState.COPIED)


class Cell(NamedTuple):
    """One cell of the table: what is known of an entry, and what the server can."""

    state: ActionState
    sight: Sight
    copy: Copy
    can: Abilities
    moves: bool

    def step(self, *, attempts: int = 0) -> Step:
        """Return what comes next."""
        state, sight, copy, can, moves = self
        return next_step(state, sight, copy, can, moves=moves, attempts=attempts)


EVERYWHERE = pytest.mark.parametrize(
    "cell", [Cell(*each) for each in product(STATES, Sight, Copy, ABILITIES, (True, False))]
)

#: What changes something at the server.
TOUCHING = frozenset({Step.MOVE, Step.COPY, Step.MARK, Step.REMOVE})


@EVERYWHERE
def test_nothing_is_done_to_a_message_that_was_not_seen(cell: Cell) -> None:
    """G1: whatever else holds, only a message that is here by its identity is touched."""
    if cell.step() in TOUCHING:
        assert cell.sight is Sight.HERE


@EVERYWHERE
def test_an_original_goes_only_when_its_copy_is_there(cell: Cell) -> None:
    r"""G4, G8: and only where one message alone can be taken away, which at Gmail it can not."""
    if cell.step() is Step.REMOVE:
        assert cell.copy is Copy.THERE
        assert cell.can.uidplus
        assert not cell.can.gmail


@EVERYWHERE
def test_a_copy_is_made_only_when_there_is_none(cell: Cell) -> None:
    """G3: a crash behind a copy does not make a second one."""
    if cell.step() is Step.COPY:
        assert (cell.state, cell.copy) == (ActionState.INTENDED, Copy.NONE)


@EVERYWHERE
def test_a_move_that_is_gone_was_looked_for_in_both_places(cell: Cell) -> None:
    """Only then it is said to be gone; a copy without an original is done."""
    step = cell.step()
    if step is Step.GONE and cell.moves:
        assert cell.copy is Copy.NONE
    if step is Step.DONE:
        assert cell.copy is Copy.THERE


@pytest.mark.parametrize(("state", "can"), list(product(STATES, ABILITIES)))
def test_every_way_comes_to_an_end(state: ActionState, can: Abilities) -> None:
    """Answer each question as any world would: within six steps the entry is settled."""
    for here, there in product((True, False), repeat=2):
        sight, copy, steps = Sight.UNSEEN, Copy.UNSEEN, 0
        now, original, copied = state, here, there
        while True:
            step = next_step(now, sight, copy, can)
            steps += 1
            assert steps <= 8
            if step is Step.SEE:
                sight = Sight.HERE if original else Sight.ABSENT
            elif step is Step.LOOK:
                copy = Copy.THERE if copied else Copy.NONE
            elif step is Step.COPY:
                copied, copy, now = True, Copy.THERE, ActionState.COPIED
            elif step is Step.REMOVE:
                original = False
                break
            else:
                break


@EVERYWHERE
def test_what_failed_too_often_is_given_up(cell: Cell) -> None:
    """Attempts are bounded in each cell; where none was to be made, it is looked at all the same."""
    before = cell.step()
    step = cell.step(attempts=MAX_ATTEMPTS)
    assert step is (Step.FAIL if before in TOUCHING else before)


@pytest.mark.parametrize(("state", "can"), list(product(STATES, ABILITIES)))
def test_a_move_whose_last_answer_was_lost_is_not_given_up(
    state: ActionState, can: Abilities
) -> None:
    """G2: the last attempt ends with a look, and what is where it was to go is done."""
    for sight, copy, step in (
        (Sight.UNSEEN, Copy.UNSEEN, Step.SEE),
        (Sight.ABSENT, Copy.UNSEEN, Step.LOOK),
        (Sight.ABSENT, Copy.THERE, Step.DONE),
    ):
        assert next_step(state, sight, copy, can, attempts=MAX_ATTEMPTS) is step


@given(st.text(max_size=2 * MAX_CLUE), st.integers(0, 2**31))
def test_a_clue_is_searched_for_only_if_it_can_stand_in_a_command(text: str, size: int) -> None:
    """A Message-ID is the sender's word: control characters, 8-bit and endless ones are left."""
    found = clue(email_id=None, gmail_id=None, message_id=text, size=size)
    usable = found.message_id is not None

    assert found.identifies is usable
    assert not usable or (text.isascii() and text.isprintable() and 0 < len(text) <= MAX_CLUE)


@pytest.mark.parametrize(
    ("made", "kinds"),
    [
        (Clue(email_id="M1", message_id="<a@b>", size=7), [InUids, ByEmailId]),
        (Clue(gmail_id=4, message_id="<a@b>", size=7), [InUids, ByGmailMessageId]),
        (Clue(message_id="<a@b>", size=7), [InUids, ByHeader, ByNumber, ByNumber]),
    ],
)
def test_the_strongest_name_is_searched_for(made: Clue, kinds: list[type]) -> None:
    """The server's own name of a message says all; the sender's needs the size beside it."""
    criterion = made.criterion(3)
    assert isinstance(criterion, Every)
    assert [type(each) for each in criterion.criteria] == kinds
