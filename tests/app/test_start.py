"""What a service loads before it knows whether anybody needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

TELL = """
import sys
for name in sys.argv[1].split():
    __import__(name)
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""
#: What ``vedette serve`` imports, and with it what runs where no API is served.
SERVICE = "vedette.cli.main vedette.cli.serve vedette.app.watch vedette.config.service"
#: What it imports besides where one is.
SERVED = f"{SERVICE} vedette.api.face"


def loaded(rooms: str, *asked: str) -> list[str]:
    """Import modules in a process of their own; return those of the others that this loaded."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, rooms, *asked],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize("rooms", [SERVICE, SERVED])
def test_a_service_without_guards_loads_nothing_of_theirs(rooms: str) -> None:
    """It would take a fifth of the start and some megabytes of every process."""
    assert loaded(rooms, "vedette.engine.guarding", "re2", "yaml", "ahocorasick_rs") == [
        "vedette.engine.guarding"
    ]


@pytest.mark.parametrize("rooms", [SERVICE, SERVED])
def test_a_service_without_secrets_or_tables_loads_what_it_takes_for_neither(rooms: str) -> None:
    """Ciphers take 8 MiB, the DNS seven, the reader of a host's table one; who asks pays."""
    asked = ("vedette.gcm", "cryptography", "dns", "vedette.sources.table")
    assert loaded(rooms, *asked) == ["vedette.gcm"]


def test_a_service_without_an_api_loads_nothing_of_one() -> None:
    """It would take half of the start, and a third of the memory."""
    asked = ("vedette.config.api", "vedette.api", "fastapi", "pydantic", "starlette", "uvicorn")
    assert loaded(SERVICE, *asked) == ["vedette.config.api"]
