"""What ``[api]`` says at this moment: the file may be read again while the API is served.

Whoever needs a value of it asks here each time. It must not know who does.
"""

from __future__ import annotations

from vedette.api.pace import Pace
from vedette.config.api import ApiSettings


class Rules:
    """The settings of an API that is served, and the pace that they allow each key."""

    __slots__ = ("pace", "settings")

    def __init__(self, settings: ApiSettings) -> None:
        self.settings = settings
        self.pace = Pace(rate=settings.rate, burst=settings.burst)

    def ports(self) -> tuple[int, ...]:
        """Return the ports that who is no admin may name."""
        return self.settings.ports

    def go_over(self, settings: ApiSettings) -> None:
        """Have others from now on; what callers have asked so far counts on."""
        self.settings = settings
        self.pace.go_over(rate=settings.rate, burst=settings.burst)
