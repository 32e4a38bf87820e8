"""``vedette mail raw|attachment``: octets of a message, into a file or on standard output."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from vedette.cli.reach import HERE, Reach
from vedette.cli.verb import fresh
from vedette.client.client import Client
from vedette.errors import UsageError

#: Where the octets go.
Out = Annotated[Path, Parameter(allow_leading_hyphen=True)]

_Pieces: TypeAlias = AbstractAsyncContextManager[AsyncIterator[bytes]]


def raw(account: str, message: str, *, out: Out, at: Reach = HERE) -> int:
    """Fetch a message as the server has it, octet by octet.

    Parameters
    ----------
    account
        The account's id.
    message
        The message's id.
    out
        The new file that it goes into, which its owner alone can read; - is standard output.
    """
    return _fetched(at, out, lambda client: client.mailboxes.raw(account, message))


def attachment(account: str, message: str, part: str, *, out: Out, at: Reach = HERE) -> int:
    """Fetch an attachment, decoded. Its name is its sender's: choose one of your own.

    Parameters
    ----------
    account
        The account's id.
    message
        The message's id.
    part
        The part, as vedette mail attachments has it.
    out
        The new file that it goes into, which its owner alone can read; - is standard output.
    """
    return _fetched(at, out, lambda client: client.mailboxes.attachment(account, message, part))


def _fetched(at: Reach, out: Path, ask: Callable[[Client], _Pieces]) -> int:
    is_output = str(out) == "-"
    if is_output and sys.stdout.isatty():
        raise UsageError("a terminal would obey what is in a mail: give --out a file, or a pipe")

    async def work(client: Client) -> int:
        count = 0
        with nullcontext(sys.stdout.buffer) if is_output else fresh(out) as file:
            async with ask(client) as pieces:
                async for piece in pieces:
                    file.write(piece)
                    count += len(piece)
            file.flush()
        return count

    count = at.ask(work)
    if not is_output:
        print(f"wrote {count} octets to {out}", file=sys.stderr)
    return 0
