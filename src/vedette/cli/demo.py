"""``vedette demo``: the main job on a small server of its own; it needs nothing."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

from cyclopts import Parameter

from vedette.demo.story import tell


def demo(*, stay: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Start a small mail server on this machine, deliver mail to it, and show the events.

    Parameters
    ----------
    stay
        Keep everything up until Ctrl-C, and say how to send mail to it.
    """
    return asyncio.run(tell(sys.stdout, stay=stay))
