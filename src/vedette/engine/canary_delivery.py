"""Follows a probe mail from its commit to the endpoints that ask for it.

::

    commit ─► its deliveries in the state ─► all delivered: measured, each from the APPEND
                        └── one given up, or two minutes without it: told, with the endpoint's name

It reads the state and not the courier, because another instance may be the one that delivers. A
look costs one question by an index, and they become rarer: the state says when a delivery was
settled, so nothing is measured by when it was looked at. It must not know a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from vedette.model.delivery import DeliveryState
from vedette.model.event import EventType
from vedette.model.ids import AccountId
from vedette.outbox.occurrence import canary_event_id
from vedette.ports.store import DeliveryQuery, StoredDelivery
from vedette.telemetry.counters import Counter
from vedette.telemetry.histogram import Histogram

REACHED: Final = Counter(
    "vedette_canary_deliveries_total",
    "Probe mails that endpoints ask for, by whether each of these had it in time.",
    label="outcome",
    values=("delivered", "undelivered"),
)
TOOK: Final = Histogram(
    "vedette_canary_delivered_seconds",
    "Time from the APPEND of a probe mail to the answer of each endpoint that asks for it.",
)

#: Seconds in which an endpoint has to have it, behind the commit: two tries with their deadlines,
#: and the first wait between them.
PATIENCE: Final = 120.0
#: Seconds between two looks: the first ones are for endpoints that answer at once, and after an
#: outage, when hundreds are followed, each asks four times a minute.
FIRST_LOOK: Final = 0.1
LAST_LOOK: Final = 15.0
#: Endpoints of one probe, at most: nobody has as many that ask for it.
MOST: Final = 100

#: Returns stored deliveries.
Deliveries: TypeAlias = Callable[[DeliveryQuery], Awaitable[list[StoredDelivery]]]


async def delivered(
    deliveries: Deliveries, account: AccountId, token: str, put_at: float, *, patience: float
) -> str | None:
    """Wait until every endpoint that asks for a probe has it; return what went wrong, or None.

    The probe was committed. ``put_at`` is when it was put into the mailbox, in seconds since 1970.
    Raises StoreError.
    """
    query = DeliveryQuery(
        event=canary_event_id(account, token),
        account=account,
        types=(EventType.CANARY_ARRIVED.value,),
        limit=MOST,
    )
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + patience, FIRST_LOOK
    while True:
        found = await deliveries(query)
        if not found:
            return None
        left = [each for each in found if each.state is not DeliveryState.DELIVERED]
        if not left:
            for each in found:
                # Once it is settled, that is the instant of the settlement.
                TOOK.observe(each.due - put_at)
            REACHED.inc("delivered")
            return None
        given_up = any(each.state is DeliveryState.FAILED for each in left)
        if given_up or loop.time() >= deadline:
            REACHED.inc("undelivered")
            return _words(left, patience)
        await asyncio.sleep(min(pause, max(deadline - loop.time(), 0.0)))
        pause = min(pause * 2, LAST_LOOK)


def _words(left: Sequence[StoredDelivery], patience: float) -> str:
    """Say who does not have it, and what they said."""
    said = "; ".join(
        f"{each.endpoint}: {each.reason or 'no answer yet'}" for each in sorted(left, key=_name)
    )
    return f"was committed and not delivered within {patience:.0f} s to {said[:300]}"


def _name(delivery: StoredDelivery) -> str:
    return delivery.endpoint
