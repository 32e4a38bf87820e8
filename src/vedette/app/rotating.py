"""A rotation of keys, in the service that runs or by a command without one: in steps, and resumable.

It must not know how keys are wrapped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from vedette.app.clock import SystemClock
from vedette.app.control import Handler
from vedette.app.state import kept
from vedette.app.vault import unlocked
from vedette.config.settings import Settings
from vedette.identity.rotation import Renewed, Rewrapped
from vedette.identity.vault import Vault

#: What asks for it at the control socket.
ROTATE: Final = "keys.rotate"

#: Seconds of one request: well within the deadline of the socket. Each write of a rotation stands by
#: itself, so that the next request goes on.
STEP: Final = 20.0


def handlers(vault: Callable[[], Awaitable[Vault]]) -> dict[str, Handler]:
    """Return what the control socket answers. ``vault`` raises SecretError, StoreError."""

    async def rotate(request: Mapping[str, Any]) -> dict[str, Any]:
        opened = await vault()
        try:
            async with asyncio.timeout(STEP):
                return await rotated(opened, is_data=request.get("data") is True)
        except TimeoutError:
            return {"more": True}

    return {ROTATE: rotate}


async def rotated(vault: Vault, *, is_data: bool) -> dict[str, Any]:
    """Rotate to the end; return what is told of it. Raises StoreError, SecretError."""
    wrapped = await vault.rotation.rewrap()
    if wrapped.failed or not is_data:
        return {"told": _wrapped(wrapped), "failed": list(wrapped.failed)}
    renewed = await vault.rotation.renew()
    told = f"{_wrapped(wrapped)}; {_renewed(renewed)}"
    return {"told": told, "failed": list(renewed.failed)}


async def rotated_alone(settings: Settings, *, is_data: bool) -> dict[str, Any]:
    """Do so on a state that no service on this machine runs on."""
    clock = SystemClock()
    state = kept(
        settings,
        clock,
        on_distrust=lambda _error: None,
        on_audit=lambda _entry: None,
        on_due=lambda _endpoints: None,
    )
    await state.start()
    try:
        return await rotated(await unlocked(settings, state.records, clock), is_data=is_data)
    finally:
        await state.stop()


def _wrapped(done: Rewrapped) -> str:
    if not done.done and not done.before:
        return "there are no data keys yet"
    left = "nothing is left under an old key" if not done.failed else f"{len(done.failed)} are left"
    return f"wrapped {done.done} data keys anew; {left}"


def _renewed(done: Renewed) -> str:
    resting = f"; {done.resting} old ones rest for an hour" if done.resting else ""
    return f"made {done.made} data keys and sealed {done.resealed} secrets anew{resting}"
