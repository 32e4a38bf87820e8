"""``vedette guard sweep``: have guards judge the mail that is there already."""

from __future__ import annotations

from vedette.cli.guard.asking import answered
from vedette.cli.reach import HERE, Reach
from vedette.errors import UsageError


def sweep(*, account: str | None = None, guard: str | None = None, at: Reach = HERE) -> int:
    """Have guards judge the last messages of each folder now, between the mail that arrives.

    It is done by itself after a connect, when a guard or a list changed, and once a day. How far it
    looks back, in messages and days, is in the table sweep of each guard in the configuration.

    Parameters
    ----------
    account
        Only this account's; a service elsewhere is asked for one.
    guard
        At a service elsewhere: a guard that stands there. All that do judge.
    """
    if at.is_elsewhere:
        if account is None or guard is None:
            raise UsageError("a service elsewhere sweeps one account: give --account and --guard")
        count = at.ask(lambda client: client.guards.sweep(guard, [account])).accounts
    else:
        answer = answered(at.config, at.state, "guard.sweep", account=account)
        count = int(answer.get("accounts", 0))
    print(f"{count} {'account is' if count == 1 else 'accounts are'} being swept")
    return 0
