"""An endpoint by which a held guard tells its partner stays as it is: else it could be silenced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.support.office import ADMIN, ANNA, Office
from vedette.secret import Secret
from vedette.service.caller import Caller
from vedette.service.refusals import HeldError

URL = Secret("https://hooks.example.org/in/t0ps3cret")

Do = Callable[[Office, Caller, str], Awaitable[object]]


def changed(**members: object) -> Do:
    return lambda it, who, id_: it.endpoints.update(who, id_, members)


SILENCING: dict[str, Do] = {
    "another URL": changed(
        url=Secret("https://else.example.org/"), secret=Secret("whsec_" + "A" * 44)
    ),
    "off": changed(active=False),
    "other events": changed(events=["message.received"]),
    "a shorter timeout": changed(timeout=0.1),
    "a rate of next to nothing": changed(rate=0.0001),
    "another secret": changed(secret=Secret("whsec_" + "A" * 44)),
    "gone": lambda it, who, id_: it.endpoints.delete(who, id_),
}


@pytest.mark.parametrize("do", SILENCING.values(), ids=SILENCING)
@pytest.mark.parametrize("caller", [ANNA, ADMIN], ids=["tenant", "admin"])
async def test_nobody_silences_a_partner_by_the_endpoint(
    office: Office, caller: Caller, do: Do
) -> None:
    """Neither its tenant nor an admin: one code, and how to go about it; nothing is changed."""
    made, _ = await office.endpoints.create(
        ANNA, {"type": "webhook", "url": URL, "events": ["guard.changed"]}
    )
    office.partners.add(made.id)

    with pytest.raises(HeldError, match="give the guard another partner, which waits") as refused:
        await do(office, caller, made.id)

    assert refused.value.code == "held"
    assert await office.endpoints.get(ANNA, made.id) == made


async def test_a_partners_endpoint_may_be_called_otherwise_and_switched_on(office: Office) -> None:
    """Neither makes it tell less."""
    made, _ = await office.endpoints.create(ANNA, {"type": "webhook", "url": URL, "active": False})
    office.partners.add(made.id)

    found = await office.endpoints.update(ANNA, made.id, {"title": "A friend", "active": True})

    assert (found.title, found.active) == ("A friend", True)


async def test_a_partners_endpoint_signs_with_a_new_secret_only_beside_the_old(
    office: Office,
) -> None:
    """Who verifies by the old one hears on; so it can not be retired, nor rotated out."""
    made, _ = await office.endpoints.create(ANNA, {"type": "webhook", "url": URL})
    office.partners.add(made.id)

    found, _ = await office.endpoints.rotate(ANNA, made.id)
    assert {"secret", "secret_old"} <= set(found.sealed)
    with pytest.raises(HeldError):
        await office.endpoints.retire(ANNA, made.id)
    with pytest.raises(HeldError):
        await office.endpoints.rotate(ANNA, made.id)
