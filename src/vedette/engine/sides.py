"""The connections that an account has for further folders. It must not know what they do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from vedette.sync.trouble import Recovery


@dataclass(slots=True)
class Sides:
    """The tasks of further folders by path; made with the first, as most accounts have none.

    ``leaving`` are those whose folders went away and that have not said goodbye yet, and
    ``curves`` is how each folder's connection is doing.
    """

    open: dict[bytes, asyncio.Task[None]] = field(default_factory=dict)
    leaving: dict[bytes, asyncio.Task[None]] = field(default_factory=dict)
    curves: dict[bytes, Recovery] = field(default_factory=dict)
