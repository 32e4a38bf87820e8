"""``vedette serve``: many accounts and endpoints, from one file, until stopped."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from vedette.app.engine import Engine
from vedette.app.run import Stopper, run
from vedette.app.undumped import stay_undumped
from vedette.app.workers import Workers, end_with_starter
from vedette.cli.place import configuration
from vedette.config.api import ApiSettings
from vedette.config.environment import WORKER, variable
from vedette.config.service import read_settings
from vedette.config.settings import Settings
from vedette.config.store import checked
from vedette.errors import UsageError
from vedette.secret import Secret
from vedette.telemetry.log import configure

if TYPE_CHECKING:
    from vedette.api.face import Face


def serve(*, config: Path | None = None, store: str | None = None, workers: int = 1) -> int:
    """Watch every account of the configuration and deliver to every endpoint.

    The file is read again on SIGHUP and when it changes. SIGTERM drains and ends.

    Parameters
    ----------
    config
        The configuration; else VEDETTE_CONFIG, ./vedette.toml or /etc/vedette/vedette.toml.
    store
        The Postgres that instances share: postgres://user@host/database. VEDETTE_STORE and [store]
        say it without a password in sight; without any of them the state is in SQLite.
    workers
        How many instances to run on this machine; more than one needs a Postgres.
    """
    file = configuration(config)
    given = None if store is None else checked(Secret(store))
    worker = variable(WORKER)
    read = partial(_read, file, given, worker)
    settings = read()
    configure(settings.log)
    stay_undumped()
    if workers < 1:
        raise UsageError("--workers needs a number from 1 on")
    if workers > 1 and not file.is_file():
        raise UsageError("--workers needs a configuration that each can read: a file, and no pipe")
    if workers > 1:
        return _together(settings, file, workers)
    # A pipe, as of `--config <(…)`, is read once: a second time it is empty.
    again = read if file.is_file() else None
    asyncio.run(_serve(settings, again, file, is_worker=worker is not None))
    return 0


def _together(settings: Settings, file: Path, workers: int) -> int:
    """Run several instances, each a process of its own."""
    if settings.store is None:
        raise UsageError(
            "--workers needs a store that they can share: SQLite has one writer; give --store"
            " postgres://…"
        )
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return asyncio.run(Workers(file, settings.store.url, workers).run())


def _read(file: Path, store: Secret[str] | None, worker: str | None) -> Settings:
    """Read the settings of one process: the first worker has the state folder, the others part it."""
    settings = read_settings(file, store=store)
    if worker in {None, "1"}:
        return settings
    return replace(
        settings,
        state=settings.state / f"worker-{worker}",
        shared=settings.state,
        api=_beside(settings.api, int(worker)),
    )


def _beside(api: ApiSettings, worker: int) -> ApiSettings:
    """Return how a further worker serves: on a port of its own, as it has numbers of its own."""
    return replace(api, port=api.port and api.port + worker - 1, is_asked=False)


async def _serve(
    settings: Settings, read: partial[Settings] | None, file: Path, *, is_worker: bool
) -> None:
    stopper = Stopper()
    stopper.install()
    if is_worker:
        end_with_starter(stopper)
    engine = Engine(settings)
    if not engine.settings.api.enabled:
        await run(engine, stopper, read=read, file=file)
        return
    face = _face(engine, stopper)
    await run(engine, stopper, read=read, file=file, heed=face.apply, beside=[face])


def _face(engine: Engine, stopper: Stopper) -> Face:
    """Return the API, whose import costs 0.5 s and 30 MiB: who serves none pays for none."""
    face: Face = import_module("vedette.api.face").Face(
        engine, announce=_announce, leaving=stopper.asked.is_set
    )
    return face


def _announce(key: Secret[str]) -> None:
    """Show the key of the first admin, once in the life of a state."""
    print(
        f"The API's first key, for an admin; it is shown this once: {key.reveal()}",
        file=sys.stderr,
        flush=True,
    )
