"""The command line: ``vedette``. It asks, shows and exits; the work is done on lower floors."""

from __future__ import annotations

import gc

from vedette.cli.main import main as run

__all__ = ["main"]


def main() -> int:
    """Run one command as the process that it is, and return its exit status."""
    try:
        return run()
    finally:
        # At its end Python looks for cycles once more, through all that was imported: a fifth of a
        # short command. What is frozen is not looked through, and goes with the process.
        gc.freeze()
