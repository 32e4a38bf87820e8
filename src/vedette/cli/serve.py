"""``vedette serve``: many accounts and endpoints, from one file, until stopped."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vedette.app.engine import Engine
from vedette.app.run import Stopper, run
from vedette.cli.place import configuration
from vedette.config.service import read_settings
from vedette.config.settings import Settings
from vedette.telemetry.log import configure


def serve(*, config: Path | None = None) -> int:
    """Watch every account of the configuration and deliver to every endpoint.

    The file is read again on SIGHUP and when it changes. SIGTERM drains and ends.

    Parameters
    ----------
    config
        The configuration; else VEDETTE_CONFIG, ./vedette.toml or /etc/vedette/vedette.toml.
    """
    file = configuration(config)
    settings = read_settings(file)
    configure(settings.log)
    asyncio.run(_serve(settings, file))
    return 0


async def _serve(settings: Settings, file: Path) -> None:
    stopper = Stopper()
    stopper.install()
    await run(Engine(settings), stopper, read=lambda: read_settings(file), file=file)
