"""A command imports what it needs: each room that it need not know is tens of milliseconds."""

from __future__ import annotations

import subprocess
import sys

import pytest


def imported(module: str) -> set[str]:
    """Return what is imported with a module, in a process of its own."""
    words = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("vedette.cli.main", {"asyncio", "aiohttp", "vedette.client", "vedette.config.settings"}),
        (
            "vedette.cli.tenants.reading",
            {"fastapi", "pydantic", "sqlite3", "vedette.config.settings", "vedette.engine"},
        ),
        (
            "vedette.api.alone",
            {
                "uvicorn",
                "dns",
                "vedette.app.doctor",
                "vedette.app.engine",
                "vedette.api.routes.keys",
            },
        ),
    ],
)
def test_what_is_not_needed_is_not_imported(module: str, spared: set[str]) -> None:
    """The program, a command that asks a service, and one that finds none."""
    assert imported(module) & spared == set()
