"""Log lines as they leave the process."""

from __future__ import annotations

import errno
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from vedette.secret import Secret
from vedette.telemetry.log import LogPolicy, Style, configure


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    """Leave logging as it was found."""
    root, raises = logging.getLogger(), logging.raiseExceptions
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raises


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(each) for each in stream.getvalue().splitlines()]


def start(**policy: Any) -> io.StringIO:
    stream = io.StringIO()
    configure(LogPolicy(**policy), stream)
    return stream


def test_a_line_is_one_json_object_with_its_name_context_and_time() -> None:
    """Bound context stands in every line of its logger."""
    stream = start()
    structlog.get_logger("vedette.engine").bind(account="acc-1").info("link.lost", tries=3)

    (line,) = logged(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "link.lost",
        "account": "acc-1",
        "tries": 3,
        "level": "info",
        "logger": "vedette.engine",
    }


def test_lines_under_the_level_are_not_written() -> None:
    """Debug is silent unless asked for."""
    stream = start(level="warning")
    log = structlog.get_logger("vedette")
    log.debug("a.b")
    log.info("a.b")
    log.warning("c.d")

    assert [line["event"] for line in logged(stream)] == ["c.d"]


def test_the_console_shows_the_same_for_a_person() -> None:
    """Columns instead of JSON; what is hidden stays hidden."""
    stream = start(style=Style.CONSOLE)
    structlog.get_logger("vedette").info("link.lost", password="hunter2", words="\x1b[31m")

    assert "link.lost" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("style", list(Style))
def test_a_traceback_is_shown_at_debug_only(style: Style) -> None:
    """In operation the type and the words of an error are enough, and hold less."""
    shown = {}
    for level in ("debug", "info"):
        stream = start(level=level, style=style)
        try:
            raise ValueError("bob@example.org \x1b")  # noqa: TRY301 - the traceback is the matter
        except ValueError:
            structlog.get_logger("vedette").exception("part.crashed")
        shown[level] = stream.getvalue()

    assert "Traceback" in shown["debug"]
    assert "Traceback" not in shown["info"]
    assert all("ValueError: address:" in text for text in shown.values())
    assert not any("bob@" in text or "\x1b" in text for text in shown.values())


def test_lines_of_the_standard_library_take_the_same_way() -> None:
    """What asyncio or aiohttp says is one clean JSON line too, its traceback included."""
    stream = start()
    try:
        raise OSError("https://bob:hunter2@host/")  # noqa: TRY301 - the traceback is the matter
    except OSError:
        logging.getLogger("asyncio").exception("Task %s\nfailed", "bob@example.org")

    (line,) = logged(stream)
    assert line["event"].startswith(r"Task address:")
    assert r"\x0afailed" in line["event"]
    assert line["error"] == "OSError: https://host/"
    assert line["logger"] == "asyncio"


def test_no_planted_secret_is_in_any_line() -> None:
    """Catalogue A20: by type, by key, in a URL, in a nested value."""
    stream = start(level="debug", show_addresses=True)
    log = structlog.get_logger("vedette")
    planted = "pl4nted"
    log.info("a", password=planted, secret=Secret(planted), url=f"imap://u:{planted}@h")
    log.info("b", settings={"token": planted, "list": [Secret(planted)]}, authorization=planted)
    logging.getLogger("aiohttp").error("connecting to https://x:%s@host/", planted)

    assert len(logged(stream)) == 3
    assert planted not in stream.getvalue()


class FullDisk(io.StringIO):
    """A stream on a disk without space."""

    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_stream_that_can_not_be_written_stops_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line is lost, and no complaint about it is printed for each."""
    configure(LogPolicy(), FullDisk())
    structlog.get_logger("vedette").info("a.b")

    assert capsys.readouterr().err == ""


def test_an_unknown_level_is_an_error_that_names_the_known_ones() -> None:
    """The caller can tell the person what to write."""
    with pytest.raises(ValueError, match="debug, info, warning, error"):
        configure(LogPolicy(level="loud"))


def test_a_second_configuration_replaces_the_first() -> None:
    """A reload may change the level; lines are written once."""
    first = start()
    second = start()
    structlog.get_logger("vedette").info("a.b")

    assert (first.getvalue(), len(logged(second))) == ("", 1)


def test_lines_go_to_stderr_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to the events."""
    configure(LogPolicy())
    structlog.get_logger("vedette").info("a.b")
    sys.stderr.flush()

    out, err = capsys.readouterr()
    assert (out, json.loads(err)["event"]) == ("", "a.b")
