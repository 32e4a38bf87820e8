"""The command line: ``vedette``. It asks, shows and exits; the work is done on lower floors."""

from __future__ import annotations

from vedette.cli.main import main

__all__ = ["main"]
