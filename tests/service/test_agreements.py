"""Mail is read where somebody agreed to it, in the words that are asked for now."""

from __future__ import annotations

import pytest

from tests.support.office import ACME, ADMIN, ANNA, OSCAR, Office
from vedette.model.ids import AccountId
from vedette.service.refusals import ConflictError, InvalidError, NotFoundError


async def asking(office: Office, version: str = "1") -> AccountId:
    return (await office.account(consent=version)).account.id


async def test_an_account_that_asks_is_not_read_until_somebody_agrees(office: Office) -> None:
    """It is watched meanwhile: its connection stays."""
    id_ = await asking(office)
    before = await office.agreements.of(ANNA, id_)

    await office.agreements.give(ANNA, [id_], version="1", by="jane, by the form")
    after = await office.agreements.of(ANNA, id_)

    assert (before.is_agreed, after.is_agreed) == (False, True)
    assert (await office.accounts.get(ANNA, id_)).is_watched
    assert after.given is not None
    assert after.given.by == "jane, by the form"


async def test_newer_words_are_asked_for_again(office: Office) -> None:
    """What was agreed to stays as proof of what was."""
    id_ = await asking(office)
    await office.agreements.give(ANNA, [id_], version="1")

    await office.accounts.update(ANNA, id_, {"consent": "2"})
    assert not (await office.agreements.of(ANNA, id_)).is_agreed

    await office.agreements.give(ANNA, [id_], version="2")
    assert (await office.agreements.of(ANNA, id_)).is_agreed
    history = await office.agreements.history(ANNA, id_)
    assert [each.version for each in history] == ["1", "2"]


async def test_a_consent_ends_at_once(office: Office) -> None:
    """With its instant kept."""
    id_ = await asking(office)
    await office.agreements.give(ANNA, [id_], version="1")

    then = await office.agreements.withdraw(ANNA, id_)

    assert not then.is_agreed
    assert (await office.agreements.history(ANNA, id_))[0].withdrawn_at is not None


async def test_what_was_withdrawn_is_shown_with_its_instant(office: Office) -> None:
    """Who looks sees that somebody agreed once, and does no more, until somebody does anew."""
    id_ = await asking(office)
    await office.agreements.give(ANNA, [id_], version="1", by="jane")
    await office.agreements.withdraw(ANNA, id_)

    then = (await office.agreements.of(ANNA, id_)).given
    assert then is not None
    assert (then.version, then.by) == ("1", "jane")
    assert then.withdrawn_at is not None
    assert then.withdrawn_at > then.at

    await office.agreements.give(ANNA, [id_], version="1", by="joan")
    anew = (await office.agreements.of(ANNA, id_)).given
    assert anew is not None
    assert (anew.by, anew.withdrawn_at) == ("joan", None)


async def test_one_foreign_account_and_nobody_agreed(office: Office) -> None:
    """All are looked at before the first is written."""
    id_ = await asking(office)
    theirs = (await office.account(OSCAR, consent="1")).account.id

    with pytest.raises(NotFoundError):
        await office.agreements.give(ANNA, [id_, theirs], version="1")

    assert not (await office.agreements.of(ANNA, id_)).is_agreed


async def test_nobody_agrees_to_words_that_are_not_asked_for(office: Office) -> None:
    """A form that was open since yesterday is asked again."""
    id_ = await asking(office, "2")

    with pytest.raises(ConflictError, match="'2', not to '1'"):
        await office.agreements.give(ANNA, [id_], version="1")


@pytest.mark.parametrize(
    ("count", "version", "by"),
    [(0, "1", None), (1, "", None), (1, "1", "a\nb"), (1_001, "1", None)],
)
async def test_what_is_no_agreement_is_refused(
    office: Office, count: int, version: str, by: str | None
) -> None:
    """Without a word, an account, or a name that a log can hold."""
    id_ = await asking(office)

    with pytest.raises(InvalidError):
        await office.agreements.give(ANNA, [id_] * count, version=version, by=by)


async def test_what_a_tenant_asks_is_asked_of_all_its_accounts(office: Office) -> None:
    """And who lacks it is found, page by page."""
    ids = [(await office.account()).account.id for _ in range(3)]
    await office.tenants.update(ADMIN, ACME, {"consent": "7"})
    await office.agreements.give(ANNA, [ids[1]], version="7")

    first, following = await office.agreements.pending(ANNA, limit=2)
    second, end = await office.agreements.pending(ANNA, after=following or "", limit=2)

    assert [each.account for each in (*first, *second)] == [ids[0], ids[2]]
    assert end is None
