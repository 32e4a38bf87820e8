"""``vedette keys rotate``: go over to another key of the installation, or to other data keys."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vedette.app.control import ask
from vedette.app.rotating import ROTATE, rotated_alone
from vedette.cli.alone import settings_of
from vedette.cli.place import state_of
from vedette.errors import SecretError, UsageError

#: Requests for one rotation: each goes on where the last one stopped, for most of half a minute.
MAX_REQUESTS = 10_000


def rotate(
    *,
    data: Annotated[bool, Parameter(negative=())] = False,
    config: Path | None = None,
    state: Path | None = None,
) -> int:
    """Wrap every data key by the key that [secrets] names now; it touches no secret.

    The service may run: it does it then. A rotation that was cut off is gone on with.

    Parameters
    ----------
    data
        Give every tenant a new data key too, and seal all of its secrets anew.
    config
        The configuration, with the new key under [secrets] and the one before under [secrets.old].
    state
        The state folder itself.
    """
    done = asyncio.run(_rotated(config, state, is_data=data))
    if done.get("failed"):
        places = ", ".join(str(each) for each in done["failed"])
        raise SecretError(f"{done['told']}; not all can be opened: {places}")
    print(done["told"])
    return 0


async def _rotated(config: Path | None, state: Path | None, *, is_data: bool) -> dict[str, Any]:
    folder = state_of(config, state)
    for _ in range(MAX_REQUESTS):
        answer = await ask(folder, {"command": ROTATE, "data": is_data})
        if answer is None:
            return await rotated_alone(settings_of(config, state), is_data=is_data)
        if "error" in answer:
            raise UsageError(str(answer["error"]))
        if not answer.get("more"):
            return answer
        print("it goes on …", file=sys.stderr, flush=True)
    raise UsageError("the rotation does not end: the log of the service says why")
