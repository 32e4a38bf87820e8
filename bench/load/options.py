"""What a load server shall be like, as a value that also goes through JSON.

Must not know: how it is served.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

#: What every client of the benchmarks can use, and no more: the same for all of them.
CAPABILITIES = "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE ESEARCH UIDPLUS AUTH=PLAIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load server.

    Mailbox ``n`` belongs to every user whose name ends in ``n`` (``user-17``,
    ``user-17@example.org``) with any password, counted from 0 up to ``mailboxes``. Each begins
    with ``preloaded`` messages of ``size`` octets, UIDs from 1.

    ``round_trip`` delays what clients send by so many seconds, once logged in or not; what the
    server sends is not delayed, so a clock that starts with an announcement starts when the
    announcement is there. ``notify`` offers NOTIFY, with items of new messages of the selected
    folder. It listens on ``hosts`` addresses from 127.0.0.1 on, 16 at most.
    ``transcript`` is a mailbox whose conversation is written down.
    """

    mailboxes: int = 1000
    processes: int = 2
    preloaded: int = 0
    size: int = 10_000
    round_trip: float = 0.0
    idle: bool = True
    notify: bool = False
    tickets: bool = True
    hosts: int = 1
    transcript: int = -1
    port: int = 0

    @property
    def addresses(self) -> list[str]:
        """Where it listens."""
        return [f"127.0.0.{number}" for number in range(1, self.hosts + 1)]

    @property
    def capabilities(self) -> bytes:
        """What the server says it can do."""
        words = [word for word in CAPABILITIES.split() if self.idle or word != "IDLE"]
        return " ".join([*words, *(["NOTIFY"] if self.notify else [])]).encode()

    def to_json(self) -> str:
        """Write it for another process."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Load:
        """Read what ``to_json`` wrote."""
        return cls(**json.loads(text))
