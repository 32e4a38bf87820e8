"""The ratchet's decisions: what tightens holds at once, what loosens or is unclear waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.trust import guard, text
from vedette.guard.pack import Kind
from vedette.guard.ratchet import OF_A_FILE, Aspect, Stand, after, steps

#: Packs by how lenient they are: of two the later one quarantines less, or waits for less long.
PACKS = [guard(text(at=at, delay=delay)) for delay in ("48h", "24h") for at in (4, 5, 6)]
NAMES = ("anna", "bert", "carla")
FOLDERS = ("INBOX", "Junk", "Archive")

#: A busy machine may hold one example up.

STAND = Stand(pack=PACKS[0].pack, text=PACKS[0].text, base="/packs")


def selections(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(names)).map(lambda found: tuple(sorted(found)))


def made(number: int, **more: Any) -> Stand:
    """Return a stand with one of the packs."""
    own = PACKS[number]
    return replace(STAND, pack=own.pack, text=own.text, **more)


STANDS = st.builds(
    made,
    st.integers(0, len(PACKS) - 1),
    mode=st.sampled_from(["act", "shadow", "paused"]),
    tenants=selections(NAMES),
    accounts=selections(NAMES),
    folders=selections(FOLDERS),
    messages=st.integers(0, 3),
    days=st.integers(0, 3),
    partner=st.sampled_from(["", "friend", "other"]),
    secret=st.sampled_from(["", "a", "b"]),
)
ACTING = STANDS.map(lambda stand: replace(stand, mode="act"))
WANTED = st.none() | STANDS


def covers(stand: Stand, tenant: str, account: str) -> bool:
    """Tell whether a guard stands at an account."""
    return (not stand.tenants or tenant in stand.tenants) and (
        not stand.accounts or account in stand.accounts
    )


def is_looser(then: Stand | None, before: Stand) -> bool:
    """Tell, without the ratchet's own words, whether less is held than before."""
    if then is None or then.mode != "act":
        return True
    # The packs are in order; each block of three has another delay.
    one, other = (PACKS.index(next(p for p in PACKS if p.pack == s.pack)) for s in (then, before))
    if one % 3 > other % 3 or one // 3 > other // 3:
        return True
    pairs = [(tenant, account) for tenant in NAMES for account in NAMES]
    if any(covers(before, *pair) and not covers(then, *pair) for pair in pairs):
        return True
    if then.folders and not set(before.folders or ("everything",)) <= set(then.folders):
        return True
    ages = [stand.days or float("inf") for stand in (then, before)]
    if then.messages < before.messages or ages[0] < ages[1]:
        return True
    return bool(before.partner and then.partner != before.partner) or bool(
        then.secret and then.secret != before.secret
    )


@given(ACTING, st.lists(WANTED, max_size=6))
def test_nothing_is_ever_looser_before_it_is_released(
    enforced: Stand, wishes: list[Stand | None]
) -> None:
    """Whatever files follow one another."""
    stand = enforced
    for wanted in wishes:
        then = after(stand, wanted)
        assert then is not None
        assert not is_looser(then, stand)
        stand = then


@given(ACTING, STANDS)
def test_what_tightens_alone_holds_at_once(enforced: Stand, wanted: Stand) -> None:
    """A change of which no aspect loosens is gone over to whole."""
    if not any(step.loosens for step in steps(enforced, wanted)):
        kept = wanted.secret or enforced.secret
        assert after(enforced, wanted) == replace(wanted, secret=kept)


@given(ACTING, WANTED)
def test_a_wish_that_is_repeated_changes_nothing(enforced: Stand, wanted: Stand | None) -> None:
    """What could hold at once does after the first time, and the rest keeps its name."""
    once = after(enforced, wanted)
    assert once is not None
    assert after(once, wanted) == once
    assert {(step.aspect, step.to) for step in steps(once, wanted)} == {
        (step.aspect, step.to) for step in steps(enforced, wanted) if step.loosens
    }


@given(ACTING, WANTED)
def test_a_wish_that_is_released_is_what_holds(enforced: Stand, wanted: Stand | None) -> None:
    """In every aspect."""
    then = after(enforced, wanted, OF_A_FILE)

    assert then is None if wanted is None else then is not None and not steps(then, wanted)


@given(ACTING, STANDS, st.sets(st.sampled_from(sorted(OF_A_FILE))))
def test_only_what_is_released_is_loosened(
    enforced: Stand, wanted: Stand, released: set[Aspect]
) -> None:
    """Each aspect by itself."""
    then = after(enforced, wanted, released)
    assert then is not None
    undone = {step.aspect for step in steps(then, enforced)}
    loosened = {step.aspect for step in steps(enforced, then) if step.loosens}

    assert loosened <= released
    assert undone <= {step.aspect for step in steps(enforced, wanted)}


def test_a_pack_that_only_says_more_clearly_is_no_change() -> None:
    """Comments and order are not what a pack says."""
    commented = guard("# For Anna.\n" + PACKS[0].text)
    assert steps(STAND, replace(STAND, pack=commented.pack, text=commented.text)) == ()


def test_lists_from_another_folder_may_hold_anything() -> None:
    """A list of the same name that is empty is a hole; entries of the pack itself are not moved."""
    listed = guard(text().replace("entries: [lucky.example, casino.example]", "sources: [a.txt]"))
    stand = replace(STAND, pack=listed.pack, text=listed.text)
    [step] = steps(stand, replace(stand, base="/elsewhere"))

    assert (step.aspect, step.loosens) == (Aspect.PACK, True)
    assert after(stand, replace(stand, base="/elsewhere")) == stand
    assert steps(STAND, replace(STAND, base="/elsewhere")) == ()


def test_named_folders_are_fewer_than_all() -> None:
    """A guard that judged everything does not judge INBOX alone at once."""
    [step] = steps(STAND, replace(STAND, folders=("INBOX",)))
    assert step.loosens
    assert after(STAND, replace(STAND, folders=("INBOX",))) == STAND


def test_all_folders_are_more_than_inbox_and_junk() -> None:
    """But not surely more than a folder of sent mail, which is judged only where it is named."""
    inbox = replace(STAND, folders=("INBOX", "\\Junk"))
    sent = replace(STAND, folders=("INBOX", "\\Sent"))

    assert after(inbox, STAND) == STAND
    assert after(sent, STAND) == sent


def test_two_parts_of_a_selection_are_not_widened_together() -> None:
    """All accounts of all tenants are more than either file says."""
    one = replace(STAND, tenants=("acme",))
    other = replace(STAND, accounts=("anna",))

    assert after(one, other) == one


def test_to_look_back_less_far_waits_as_a_whole() -> None:
    """At more messages of fewer days there may be less to see."""
    stand = replace(STAND, messages=200, days=30)
    for messages, days in ((100, 30), (200, 7), (300, 7)):
        less = replace(stand, messages=messages, days=days)
        [step] = steps(stand, less)
        assert (step.aspect, step.loosens) == (Aspect.SWEEP, True)
        assert after(stand, less) == stand

    assert after(stand, replace(stand, days=0)) == replace(stand, days=0)
    [step] = steps(replace(stand, days=0), stand)
    assert step.says == ("it looks back for fewer days",)


def test_a_file_may_forget_the_partners_secret() -> None:
    """It is kept with what is enforced; who is told is not forgotten either."""
    both = replace(STAND, partner="friend", secret="a")
    assert steps(both, replace(both, secret="")) == ()
    assert after(both, replace(both, partner="", secret="")) == both


@pytest.mark.parametrize("kind", [Kind.STANDARD, Kind.PROTECTIVE])
def test_only_a_protective_guard_that_acts_is_enforced(kind: Kind) -> None:
    """In the shadow it may be tried out freely."""
    stand = replace(STAND, pack=replace(STAND.pack, kind=kind))
    assert stand.is_enforced is (kind is Kind.PROTECTIVE)
    assert not replace(stand, mode="shadow").is_enforced


PLACED = replace(STAND, partner="friend", place="there", signs=("k1",))

SAME = {"as before": PLACED, "a key more": replace(PLACED, signs=("k2", "k1"))}
ANOTHER = {
    "a key less": replace(PLACED, signs=()),
    "another key": replace(PLACED, signs=("k2",)),
    "elsewhere": replace(PLACED, place="else"),
    "gone": replace(PLACED, place="", signs=()),
}


@pytest.mark.parametrize("wanted", SAME.values(), ids=SAME)
def test_a_partner_who_is_told_where_it_was_is_the_same(wanted: Stand) -> None:
    """Whoever verifies by an old key goes on to where a new one signs beside it."""
    assert steps(PLACED, wanted) == ()


@pytest.mark.parametrize("wanted", ANOTHER.values(), ids=ANOTHER)
def test_a_partner_who_is_told_elsewhere_or_otherwise_is_another(wanted: Stand) -> None:
    """So it waits, with what is enforced as it was."""
    [step] = steps(PLACED, wanted)

    assert (step.aspect, step.loosens) == (Aspect.PARTNER, True)
    assert after(PLACED, wanted) == PLACED
    assert after(PLACED, wanted, [Aspect.PARTNER]) == wanted


def test_a_partner_who_could_not_be_told_is_told_at_once() -> None:
    """A first place tightens, and is held to from then on."""
    nowhere = replace(PLACED, place="", signs=())

    assert after(nowhere, PLACED) == PLACED
