"""What an instance is among others: as it is set up, and not as it is doing."""

from __future__ import annotations

from dataclasses import dataclass, field

from vedette.engine.gate import LoginRate
from vedette.ownership.shard import InstanceId
from vedette.ownership.wish import FULL_WEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an instance is: its name, how much it carries beside others, and how fast it logs in.

    ``address`` is the URL of its API, for who asks another instance for what it has in memory.

    ``rate`` is as the gate has it: what one instance does in all, and what all of them do together
    at one host.
    """

    name: InstanceId
    weight: int = FULL_WEIGHT
    rate: LoginRate = field(default_factory=LoginRate)
    address: str = ""
