"""What a guard makes of a message, with every reason.

A verdict says what would be done; whether it is done is the engine's and the guard's mode's
affair. It holds no subject, no text and no address: only names of symbols, hosts and phrases
of the pack.
"""

from __future__ import annotations

from dataclasses import dataclass

from vedette.guard.pack import Action, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A symbol or composite that holds. ``matched`` is the host, or the pack's own phrase."""

    symbol: str
    score: float
    field: str = ""
    matched: str = ""
    source: str = ""
    """The list and its version, where a list is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one guard over one message at one stage."""

    guard: str
    version: str
    stage: Stage
    score: float
    actions: tuple[Action, ...] = ()
    """What is to be done; empty to leave the message alone."""
    wanted: tuple[Action, ...] = ()
    """What would be done if no protection capped it."""
    hits: tuple[Hit, ...] = ()
    """In the order of their weight."""
    decisive: tuple[str, ...] = ()
    """Names that hold of the evidence that the action needed; one of them may be a mistake."""
    capped_by: tuple[Hit, ...] = ()
    """Protections that hold."""
    route: str = ""
    """The route that holds, in a routing pack."""
    failed: str = ""
    """Why the message could not be judged; it is kept then."""

    @property
    def name(self) -> str:
        """The first action's name, or ``keep``."""
        return self.actions[0].name if self.actions else "keep"

    @property
    def is_listed(self) -> bool:
        """Whether a list is among the reasons: taking this back may have to wait."""
        return any(hit.source for hit in self.hits)

    def explained(self) -> str:
        """Return one line: ``quarantine 14.3 = FROM_LISTED 6 (from:…, ut1@…) + LINK_LISTED 5``."""
        sums = " + ".join(_told(hit) for hit in self.hits if hit.score) or "nothing"
        line = f"{self.name} {self.score:g} = {sums}"
        if self.capped_by:
            wanted = self.wanted[0].name if self.wanted else "keep"
            names = ", ".join(hit.symbol for hit in self.capped_by)
            line += f"; {wanted} was capped by {names}" if self.wanted != self.actions else ""
        if self.route:
            line = f"{self.name} by route {self.route}"
        return f"{line}; not judged: {self.failed}" if self.failed else line


def _told(hit: Hit) -> str:
    why = ", ".join(
        part
        for part in (f"{hit.field}:{hit.matched}" if hit.field else hit.matched, hit.source)
        if part
    )
    return f"{hit.symbol} {hit.score:g}" + (f" ({why})" if why else "")
