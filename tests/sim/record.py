"""What is written down while a history happens, for the checker and for a reader.

Failures that show at once are noted at once; what needs both ends of the history is for the
checker. It must not know how anything came about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.sim.loop import SimulatedLoop
from tests.sim.setting import Setting
from tests.sim.sink import Receipt
from vedette.crashpoint import Crashpoint
from vedette.model.ids import EndpointId

#: Failures of one history that are kept: the first ones tell most.
MAX_FAILURES = 20


@dataclass(slots=True, kw_only=True)
class Record:
    """``lines`` is the story, kept only when ``is_told``; times are the loop's."""

    setting: Setting
    loop: SimulatedLoop
    is_told: bool = False
    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    visits: Counter[Crashpoint] = field(default_factory=Counter)
    crashes: int = 0
    receipts: list[tuple[EndpointId, Receipt]] = field(default_factory=list)
    #: The loop's time at which the peaceful part began, and at which its mail began to come.
    peace_at: float | None = None
    measured_from: float | None = None
    #: Users whose connections take IDLE for useless, as it was for a day (catalogue I8).
    unidling: set[str] = field(default_factory=set)
    #: Messages from which their users took a guard's mark: user and token.
    unmarked: set[tuple[str, str]] = field(default_factory=set)

    def say(self, what: str, more: str = "") -> None:
        """Note one step of the story."""
        if self.is_told:
            self.lines.append(f"{self.loop.time():10.3f}  {what:<14} {more}")

    def fail(self, what: str) -> None:
        """Note a failure."""
        self.say("FAILURE", what)
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(f"at {self.loop.time():.3f}: {what}")

    def took(self, endpoint: EndpointId, receipt: Receipt) -> None:
        """Note that an endpoint took a parcel."""
        self.receipts.append((endpoint, receipt))
        if self.is_told:
            parcel = receipt.parcel
            self.say("took", f"{endpoint} {parcel.type} {parcel.event} attempt {parcel.attempt}")
