"""``vedette accounts pause|resume|reconnect|resync|verify``: what is done with an account now."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line, told
from vedette.cli.stored import moment
from vedette.client.accounts import Account, Verified
from vedette.client.shape import Unset
from vedette.errors import UsageError

#: The exit status of a way in that ends somewhere: EX_UNAVAILABLE.
FAILED = 69

STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


def pause(account: str, *, at: Reach = HERE) -> int:
    """Stop watching an account until it is resumed.

    Parameters
    ----------
    account
        Its id.
    """
    return _told(at.ask(lambda client: client.accounts.pause(account)), at)


def resume(account: str, *, at: Reach = HERE) -> int:
    """Watch an account again; what came meanwhile is delivered.

    Parameters
    ----------
    account
        Its id.
    """
    return _told(at.ask(lambda client: client.accounts.resume(account)), at)


def reconnect(account: str, *, at: Reach = HERE) -> int:
    """Connect anew, with the same credentials even where they were refused.

    Parameters
    ----------
    account
        Its id.
    """
    return _told(at.ask(lambda client: client.accounts.reconnect(account)), at)


def resync(account: str, *, since: str, at: Reach = HERE) -> int:
    """Look anew through all mail from an instant on; what was not delivered then is.

    Parameters
    ----------
    account
        Its id.
    since
        The instant, such as 2026-11-01 or 2026-11-01T12:00:00Z.
    """
    begin = moment("--since", since)
    if isinstance(begin, Unset):
        raise UsageError("resync needs --since")
    return _told(at.ask(lambda client: client.accounts.resync(account, begin)), at)


def verify(account: str, *, at: Reach = HERE) -> int:
    """Try an account out as it is saved, step by step, and say what to do where it fails.

    Parameters
    ----------
    account
        Its id.
    """
    found = at.ask(lambda client: client.accounts.verify(account))
    if at.as_json:
        print(line(found))
    else:
        print_findings(found)
    return 0 if found.is_good else FAILED


def print_findings(found: Verified) -> None:
    """Print what was found on the way in, for a person."""
    console = Console(highlight=False)
    for each in found.findings:
        style = STYLES.get(each.outcome, "bold")
        console.print(
            f"[{style}]{escape(told(each.outcome)):8}[/] {escape(told(each.check)):14} "
            f"{escape(told(each.detail))}",
            soft_wrap=True,
        )
        if each.remedy:
            console.print(f"         {escape(told(each.remedy))}", soft_wrap=True)


def _told(account: Account, at: Reach) -> int:
    if at.as_json:
        print(line(account))
    else:
        reason = account.pause or account.status.reason
        print(f"{account.id}: {account.status.state}{f' ({told(reason)})' if reason else ''}")
    return 0
