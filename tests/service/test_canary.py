"""Probe mails are asked for in an account's form, where they can be seen and not too often."""

from __future__ import annotations

import pytest

from tests.support.office import ANNA, Office
from vedette.app.enrolled import Known, enrolled
from vedette.model.account import Canary
from vedette.service.refusals import InvalidError


async def test_probe_mails_are_for_who_asks(office: Office) -> None:
    """Off unless somebody says so; on with an hour and the inbox; and off again by null."""
    plain = await office.account()
    assert plain.account.canary is None

    asked = await office.accounts.update(ANNA, plain.account.id, {"canary": True})
    assert enrolled(asked, Known()).account.canary == Canary(interval=3600.0, folder="INBOX")

    wish = {"canaryInterval": 600, "canaryFolder": "Junk"}
    other = await office.accounts.update(ANNA, plain.account.id, wish)
    assert other.account.canary == Canary(interval=600.0, folder="Junk")

    ended = await office.accounts.update(ANNA, plain.account.id, {"canary": None})
    assert ended.account.canary is None


@pytest.mark.parametrize(
    ("folders", "folder"),
    [
        (["INBOX", "Sales"], "Sales"),
        (["INBOX", "Sales"], "inbox"),
        (["\\Inbox"], "INBOX"),
        (["\\Junk"], "Spamverdacht"),
        (["*"], "Sales"),
    ],
)
async def test_a_probe_goes_where_it_can_be_seen(
    office: Office, folders: list[str], folder: str
) -> None:
    """What a special use is called is for the server to say."""
    made = await office.account(folders=folders, canary=True, canaryFolder=folder)

    assert made.account.canary == Canary(folder=folder)


@pytest.mark.parametrize(
    ("folders", "folder"), [(["\\Inbox"], "Sales"), (["Sales"], "INBOX"), (["Sales"], "sales")]
)
async def test_a_probe_that_nobody_would_see_is_refused(
    office: Office, folders: list[str], folder: str
) -> None:
    """It would tell of a watch that does not watch, for ever."""
    with pytest.raises(InvalidError, match="canaryFolder: is none of the folders"):
        await office.account(folders=folders, canary=True, canaryFolder=folder)


@pytest.mark.parametrize("interval", [299, 604_801, "600", True])
async def test_probes_are_neither_too_often_nor_too_seldom(
    office: Office, interval: object
) -> None:
    """Each is a login, and providers count those; one a week is the least that tells anything."""
    with pytest.raises(InvalidError, match="canaryInterval"):
        await office.account(canary=True, canaryInterval=interval)
