"""What a service loads before it knows whether anybody needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

TELL = """
import sys
import vedette.app.watch
import vedette.config.service
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


@pytest.mark.parametrize("library", ["re2", "yaml", "ahocorasick_rs"])
def test_a_service_without_guards_loads_nothing_of_theirs(library: str) -> None:
    """It would take a fifth of the start and some megabytes of every process."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, library],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert done.stdout.strip() == ""
