"""``vedette demo``: the main job on a small server of its own; it needs nothing."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

from cyclopts import Parameter

from vedette.demo.story import tell
from vedette.telemetry.log import LogPolicy, Style, configure


def demo(*, stay: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Start a small mail server on this machine, deliver mail to it, and show the events.

    Parameters
    ----------
    stay
        Keep everything up until Ctrl-C, and say how to send mail to it.
    """
    # The story drops connections on purpose; only what is not part of it may be heard.
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    return asyncio.run(tell(sys.stdout, stay=stay))
