"""A broker's library is there when its endpoint is, and is missed in words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.sinks.hooks import SetClock
from vedette.app.sinks import LIBRARIES, build
from vedette.config.document import parse
from vedette.config.endpoints import read_endpoint
from vedette.errors import SinkError
from vedette.sinks.library import Library

#: What a service without such an endpoint does not import.
FOREIGN = ("redis", "nats", "aio_pika", "aiormq", "pamqp", "aiokafka", "asyncpg")


@pytest.mark.parametrize(
    ("kind", "url", "needs"),
    [
        ("redis", "redis://bus.example.org", "redis"),
        ("nats", "nats://bus.example.org", "nats"),
        ("amqp", "amqp://bus.example.org", "aio_pika"),
        ("kafka", "kafka://bus.example.org", "aiokafka"),
        ("postgres", "postgres://db.example.org", "asyncpg"),
    ],
)
async def test_a_library_that_is_not_installed_is_one_line_at_the_start(
    monkeypatch: pytest.MonkeyPatch, kind: str, url: str, needs: str
) -> None:
    """What to install, for which endpoint."""
    for name in [LIBRARIES[kind].module, *sys.modules]:
        if name == LIBRARIES[kind].module or name.startswith(f"{needs}."):
            monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, needs, None)
    table = parse(f'[bus]\ntype = "{kind}"\nurl = "{url}"\n', file="x.toml").table("bus")
    sink = build(read_endpoint(table), SetClock())

    with pytest.raises(SinkError) as caught:
        await sink.start()

    assert str(caught.value) == (
        f"the endpoint bus needs vedette[{kind}]: pip install 'vedette[{kind}]'"
    )


def test_a_defect_in_a_sink_is_no_missing_library() -> None:
    """A module of ours that is not there is nothing that somebody could install."""
    with pytest.raises(ModuleNotFoundError):
        Library(module="vedette.sinks.nothing", extra="nothing").load("bus")


def test_a_service_without_such_an_endpoint_imports_no_library_of_a_broker() -> None:
    """Neither its memory nor its start pays for what it does not use."""
    program = (
        "import sys, vedette.app.run, vedette.app.watch, vedette.cli.main;"
        f"print([name for name in {FOREIGN!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"
