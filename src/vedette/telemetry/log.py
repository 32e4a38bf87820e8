"""Structured log lines on stderr: dotted event names, bound context, nothing that leaks.

``configure`` is called once, by the composition root; every room says
``log = structlog.get_logger(__name__)`` and ``log.info("delivery.refused", endpoint=…)``.
Lines of the standard library's loggers (asyncio, aiohttp) take the same way.
It must not know where the settings come from.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from traceback import format_exception
from typing import Any, TextIO

import structlog

from vedette.secret import Secret
from vedette.telemetry.scrub import Scrubber

#: A traceback is cut here: forty frames of 200 characters.
MAX_TRACEBACK = 8192


@unique
class Style(StrEnum):
    """How a line looks: one JSON object for machines, or columns for a person."""

    JSON = "json"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPolicy:
    """What is logged and how.

    ``level`` is ``debug``, ``info``, ``warning`` or ``error``; tracebacks are
    shown at ``debug`` only. ``address_key`` keeps the stand-ins of addresses the
    same across restarts; by default each process draws its own.
    """

    level: str = "info"
    style: Style = Style.JSON
    show_addresses: bool = False
    address_key: Secret[bytes] = field(default_factory=lambda: Secret(os.urandom(32)))


def configure(policy: LogPolicy, stream: TextIO | None = None) -> None:
    """Send every log line of the process to ``stream`` (stderr) as ``policy`` says.

    Raises ValueError for an unknown level. May be called again; the last call counts.
    """
    levels = {"debug": 10, "info": 20, "warning": 30, "error": 40}
    if policy.level not in levels:
        raise ValueError(f"unknown log level {policy.level!r}; use one of {', '.join(levels)}")
    level = levels[policy.level]
    scrubber = Scrubber(show_addresses=policy.show_addresses, key=policy.address_key.reveal()[:64])
    steps: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        scrubber,
        _Failure(scrubber, traceback=level <= logging.DEBUG),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *steps,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        # The root may be configured again (tests, a reload), so loggers look it up each time.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(policy.style, steps))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # A log line that can not be written (full disk, closed pipe) is lost; it must not
    # print a traceback of its own about it, over and over, nor stop the work.
    logging.raiseExceptions = False


def _formatter(
    style: Style, steps: list[structlog.types.Processor]
) -> structlog.stdlib.ProcessorFormatter:
    renderer: structlog.types.Processor
    if style is Style.JSON:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=False, timestamp_key="time")
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *steps],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


class _Failure:
    """Turns an exception into ``error`` (its type and words) and, at debug, a traceback."""

    __slots__ = ("_scrubber", "_traceback")

    def __init__(self, scrubber: Scrubber, *, traceback: bool) -> None:
        self._scrubber = scrubber
        self._traceback = traceback

    def __call__(
        self, _logger: Any, _method: str, event_dict: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        info = _exception(event_dict.pop("exc_info", None), event_dict.get("_record"))
        if info is None:
            return event_dict
        words = f"{type(info).__name__}: {info}"
        event_dict.setdefault("error", self._scrubber.text(words))
        if self._traceback:
            lines = "".join(format_exception(info)).rstrip()
            event_dict["exception"] = self._scrubber.text(lines, limit=MAX_TRACEBACK, newlines=True)
        return event_dict


def _exception(given: Any, record: Any) -> BaseException | None:
    """Find the exception of a line: given as a value, as a triple, as True, or in the record."""
    if given is None and isinstance(record, logging.LogRecord):
        given = record.exc_info
        # The standard formatter would print the traceback once more, in the clear.
        record.exc_info = None
        record.exc_text = None
    if isinstance(given, tuple):
        given = given[1]
    elif given is True:
        given = sys.exc_info()[1]
    return given if isinstance(given, BaseException) else None
