"""The engine's log in a simulation: into the story, and a word of a crash into the failures.

Below warnings nothing is made at all: a history has a hundred thousand log lines.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from structlog.typing import EventDict

from tests.sim.record import Record

#: What the engine logs when it meets a defect of its own, and goes on.
DEFECTS: Final = frozenset(
    {"watcher.crashed", "folder.crashed", "part.crashed", "sink.failed", "engine.crashed"}
)


@contextmanager
def heard(record: Record) -> Iterator[None]:
    """Listen to the log for one history."""
    before = structlog.get_config()

    def take(_logger: Any, _method: str, event: EventDict) -> EventDict:
        what = str(event.pop("event"))
        error = event.pop("exc_info", None)
        if what in DEFECTS:
            record.fail(f"{what}: {error!r} {event}{_way(error)}")
        else:
            record.say(
                "log", f"{what} {' '.join(f'{key}={value}' for key, value in event.items())}"
            )
        raise structlog.DropEvent

    structlog.configure(
        processors=[take],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if record.is_told else logging.ERROR
        ),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _way(error: object) -> str:
    """Return where an error came through, the last steps of it."""
    if not isinstance(error, BaseException):
        return ""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return "".join(f" < {frame.name}:{frame.lineno}" for frame in reversed(frames))
