"""``vedette guard sweep``: have guards judge the mail that is there already."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vedette.app.control import ask
from vedette.cli.place import state_of
from vedette.errors import UsageError


def sweep(
    *, account: str | None = None, config: Path | None = None, state: Path | None = None
) -> int:
    """Have guards judge the last messages of each folder now, between the mail that arrives.

    It is done by itself after a connect, when a guard or a list changed, and once a day. How far it
    looks back, in messages and days, is in the table sweep of each guard in the configuration.

    Parameters
    ----------
    account
        Only this account's.
    config
        The configuration of the running service.
    state
        Its state folder.
    """
    folder = state_of(config, state)
    answer = asyncio.run(ask(folder, {"command": "guard.sweep", "account": account}))
    if answer is None:
        raise UsageError(f"no service runs on {folder}; start vedette serve, which has the mailbox")
    if "error" in answer:
        raise UsageError(str(answer["error"]))
    count = answer.get("accounts", 0)
    print(f"{count} {'account is' if count == 1 else 'accounts are'} being swept")
    return 0
