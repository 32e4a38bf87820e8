"""Reading mail off the event loop, in workers that may die.

Read ``pool`` for what is promised, ``worker`` for one process as the loop sees it,
``child`` for what runs in it. It knows ``mime`` and nothing of mailboxes.
"""

from __future__ import annotations

from vedette.reader.errors import Cause, ReaderKilled, ReaderUnavailable
from vedette.reader.pool import MessageReader

__all__ = ["Cause", "MessageReader", "ReaderKilled", "ReaderUnavailable"]
