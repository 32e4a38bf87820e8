"""Probe mails of ours: how one is made, how it is known again, who waits for it.

A probe carries one header field: when it was made, a random token, and an HMAC of both and of the
account under the key of the installation. So nobody else's mail passes for one; and as each counts
once and for ten minutes, nobody who sees one in the mailbox can hide mail behind it. It must not
know a session.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from vedette.model.ids import AccountId
from vedette.secret import Secret

FIELD: Final = "Vedette-Canary"
#: Seconds after which a probe that nobody took away is mail like any other: it may be somebody
#: else's copy of it by then.
FRESH: Final = 600.0
#: Seconds that the clock may have been set back since it was made.
AHEAD: Final = 60.0
#: Octets of a header in which the field is looked for. Ours has some 500; servers add a few.
MOST: Final = 4096
#: Hexadecimal digits of a token: 128 bits.
TOKEN: Final = 32
#: Tokens that are remembered: those of ten minutes, where 50,000 mailboxes are probed each hour.
SPENT: Final = 20_000
_MAC: Final = 64
_PURPOSE: Final = b"canary\0"
_WANTED: Final = f"{FIELD}:".encode().lower()


@dataclass(frozen=True, slots=True)
class Probe:
    """What the field of a probe says: ``made`` in seconds since 1970, and its token."""

    made: int
    token: str


class CanaryBook:
    """The probes of one engine. Nothing of it is on disk but the key, which is asked for when needed.

    Whatever has a probe made or read may raise what ``key`` raises.
    """

    __slots__ = ("_awaited", "_key", "_spent")

    def __init__(self, key: Callable[[], Secret[str]]) -> None:
        self._key = key
        self._awaited: dict[tuple[AccountId, str], asyncio.Future[None]] = {}
        # Tokens that came, the oldest first: what carries one of them again is mail like any other.
        self._spent: dict[str, None] = {}

    def message(self, account: AccountId, token: str, now: float) -> bytes:
        """Return a probe mail for an account."""
        made = int(now)
        lines = (
            "From: Vedette <canary@vedette.invalid>",
            "To: Vedette <canary@vedette.invalid>",
            "Subject: Probe of Vedette: it goes away by itself",
            f"Message-ID: <{token}@canary.vedette.invalid>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii",
            f"{FIELD}: {made}.{token}.{self._mac(account, made, token)}",
            "",
            "The watch of this mailbox is being tried. You need not do anything.",
            "",
        )
        return "\r\n".join(lines).encode("ascii")

    def read(self, account: AccountId, header: bytes) -> Probe | None:
        """Return what a header says of a probe of this account; None for any other mail."""
        value = _field(header)
        made, _, rest = value.partition(".")
        token, _, mac = rest.partition(".")
        if not (_is_hex(token, TOKEN) and _is_hex(mac, _MAC)):
            return None
        # Twelve digits are the year 31,000: what is longer is no time, and slow to read.
        if not (made.isascii() and made.isdigit() and len(made) <= 12):  # noqa: PLR2004 - as it says
            return None
        if not hmac.compare_digest(self._mac(account, int(made), token), mac):
            return None
        return Probe(int(made), token)

    def expect(self, account: AccountId, token: str) -> asyncio.Future[None]:
        """Return what is done as soon as the probe was committed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited[account, token] = future
        return future

    def forget(self, account: AccountId, token: str) -> None:
        """Wait for a probe no more."""
        self._awaited.pop((account, token), None)

    def give_up(self) -> None:
        """Have whoever waits for a probe wait no more."""
        for future in self._awaited.values():
            future.cancel()

    def is_awaited(self, account: AccountId, header: bytes, now: float) -> Probe | None:
        """Return the probe that is waited for, or that a dead process left; else None.

        Such a message is no mail. One that came already is mail like any other.
        """
        if len(header) > MOST:
            return None
        probe = self.read(account, header)
        if probe is None or not -AHEAD <= now - probe.made <= FRESH:
            return None
        return None if probe.token in self._spent else probe

    def committed(self, account: AccountId, tokens: Iterable[str]) -> None:
        """Tell whoever waits for these that they went all the way."""
        for token in tokens:
            self._spent[token] = None
            future = self._awaited.get((account, token))
            if future is not None and not future.done():
                future.set_result(None)
        while len(self._spent) > SPENT:
            del self._spent[next(iter(self._spent))]

    def _mac(self, account: AccountId, made: int, token: str) -> str:
        said = b"\0".join((account.encode("utf-8", "surrogatepass"), b"%d" % made, token.encode()))
        return hmac.digest(self._key().reveal().encode(), _PURPOSE + said, "sha256").hex()


def _field(header: bytes) -> str:
    """Return the value of the first field of that name, unfolded; empty where there is none."""
    lines = header[:MOST].split(b"\n")
    for at, line in enumerate(lines):
        if line[: len(_WANTED)].lower() == _WANTED:
            value = line[len(_WANTED) :]
            for more in lines[at + 1 :]:
                # RFC 5322 section 2.2.3: a line that begins with white space goes on.
                if not more.startswith((b" ", b"\t")):
                    break
                value += more
            return "".join(value.decode("ascii", "replace").split())
    return ""


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and set(text) <= set("0123456789abcdef")
