"""``vedette oauth login|grant|forget``: the consent that an account is connected by."""

from __future__ import annotations

import asyncio
import sys
import time

from vedette.cli.reach import HERE, Reach
from vedette.cli.sheet import line, shown, told
from vedette.client.client import Client
from vedette.client.oauth import Device, DeviceWish, Poll
from vedette.client.shape import UNSET
from vedette.errors import UsageError

#: Seconds of the shortest and the longest wait between two polls (RFC 8628 section 3.5).
SHORTEST = 1.0
LONGEST = 60.0


def login(
    account: str,
    *,
    app: str,
    tenant: str | None = None,
    delegated: bool = False,
    at: Reach = HERE,
) -> int:
    """Connect an account by a consent on another device: it shows a code, and waits for its use.

    Parameters
    ----------
    account
        The account's id; it is there already.
    app
        The app's id.
    tenant
        Whose it is.
    delegated
        Whoever consents may open the mailbox, and it is not their own.
    """
    wish = DeviceWish(
        app=app,
        account=account,
        delegated=delegated or UNSET,
        tenant=UNSET if tenant is None else tenant,
    )

    async def work(client: Client) -> Poll:
        device = await client.oauth.begin(wish)
        _show(device)
        return await _connected(client, device)

    found = at.ask(work)
    if at.as_json:
        print(line(found))
    else:
        print(f"{told(found.account)} is connected as {told(found.address)}")
    return 0


def grant(account: str, *, at: Reach = HERE) -> int:
    """Show whose consent an account is connected by; never its tokens.

    Parameters
    ----------
    account
        The account's id.
    """
    return shown(at.ask(lambda client: client.oauth.grant(account)), as_json=at.as_json)


def forget(account: str, *, at: Reach = HERE) -> int:
    """Forget a consent with its tokens: the account has to be connected anew.

    Parameters
    ----------
    account
        The account's id.
    """
    at.ask(lambda client: client.oauth.forget(account))
    print(f"forgot the consent of {account}", file=sys.stderr)
    return 0


def _show(device: Device) -> None:
    print(f"Open {told(device.url)} and type in {told(device.user_code)}", file=sys.stderr)
    if device.full_url:
        print(f"or open {told(device.full_url)}", file=sys.stderr)
    sys.stderr.flush()


async def _connected(client: Client, device: Device) -> Poll:
    """Ask until the code was used. Raises UsageError when it was not in time, ProblemError."""
    loop = asyncio.get_running_loop()
    end = loop.time() + max(0.0, device.expires_at.timestamp() - _now())
    wait = device.wait
    while loop.time() < end:
        await asyncio.sleep(min(max(wait, SHORTEST), LONGEST))
        found = await client.oauth.poll(device.id)
        if found.state == "connected":
            return found
        wait = found.wait
    raise UsageError("the code was not used in time; begin anew")


def _now() -> float:
    return time.time()
