"""What an endpoint gets once more: asked of the API in steps, until there is no more.

It must not know who asks.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Final

from vedette.client.client import Client
from vedette.client.endpoints import Redrive, Replay

#: Steps of one of them: a million events are in a thousand.
MAX_STEPS: Final = 100_000
#: Dead letters of one step: what the API takes at most.
MAX_REDRIVE: Final = 10_000


async def redriven(client: Client, endpoint: str, wish: Redrive) -> int:
    """Queue the dead letters of an endpoint, ``wish.limit`` at most in all; return how many.

    Raises ProblemError, LinkError.
    """
    count, most = 0, wish.limit if isinstance(wish.limit, int) else None
    for _ in range(MAX_STEPS):
        step = MAX_REDRIVE if most is None else min(most - count, MAX_REDRIVE)
        done = await client.endpoints.redrive(endpoint, replace(wish, limit=step))
        count += done.queued
        if not done.has_more or not done.queued or count == most:
            break
        _tell(endpoint, count)
    return count


async def replayed(client: Client, endpoint: str, wish: Replay) -> int:
    """Queue events for an endpoint once more; return how many. Raises ProblemError, LinkError."""
    count = 0
    for _ in range(MAX_STEPS):
        done = await client.endpoints.replay(endpoint, wish)
        count += done.queued
        if done.next is None:
            break
        wish = replace(wish, next=done.next)
        _tell(endpoint, count)
    return count


def queued(count: int) -> str:
    """Say how many were queued."""
    return f"queued {count} {'delivery' if count == 1 else 'deliveries'}"


def _tell(endpoint: str, count: int) -> None:
    print(f"{endpoint}: queued {count} so far", file=sys.stderr, flush=True)
