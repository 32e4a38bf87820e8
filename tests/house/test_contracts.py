"""The floors of the house hold: who may import whom.

Must not know: the contracts themselves; they stand in pyproject.toml.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT


def test_every_import_contract_is_kept() -> None:
    """import-linter finds no broken contract."""
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [sys.executable, str(linter), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
