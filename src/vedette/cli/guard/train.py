"""``vedette guard train``: learn from one's own mail what is unwanted."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vedette import mime
from vedette.app.guards.recorded import guarding_of, recorded
from vedette.app.labelled import labelled
from vedette.cli.guard.choice import others_at, state_or_none
from vedette.cli.mailbox import Wanted, settings_of
from vedette.cli.view import view_or_none
from vedette.config.settings import AccountSettings
from vedette.errors import StoreError, UsageError
from vedette.guard import training
from vedette.guard.classifier import encoded
from vedette.guard.training import Report, Row, row_of
from vedette.ports.state import StateView
from vedette.scorers.classifier import model_path
from vedette.service.guards.mailfiles import messages_in
from vedette.telemetry.log import LogPolicy, Style, configure

#: What a pack may call a scorer.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

#: Messages of each folder; more teach little, and take minutes.
MOST = 2_000

Several = Annotated[tuple[str, ...], Parameter(negative=())]
Places = Annotated[tuple[Path, ...], Parameter(negative=())]


def train(
    mailbox: str | None = None,
    /,
    *,
    yes: Several = (),
    no: Several = (),
    yes_files: Places = (),
    no_files: Places = (),
    name: str = "learned",
    last: int = MOST,
    config: Path | None = None,
    state: Path | None = None,
    password_file: Path | None = None,
) -> int:
    """Learn from labelled mail what is unwanted, and say how well; packs ask for it by its name.

    Parameters
    ----------
    mailbox
        imaps://user@host, or the name of an account in the configuration.
    yes
        A folder of unwanted mail (again for more).
    no
        A folder of other mail (again for more).
    yes_files
        A file or folder of unwanted mail on this host: .eml, .mbox (again for more).
    no_files
        A file or folder of other mail (again for more).
    name
        What packs call it: classifier: NAME.
    last
        The last so many messages of each folder.
    config
        The configuration, for its accounts and for where the state is.
    state
        The state folder, in which the model is written and consents are kept.
    password_file
        Read the password from the first line of this file.
    """
    configure(LogPolicy(level="error", style=Style.CONSOLE))
    path = _place(name, config, state)
    rows = [*_of_files(yes_files, wanted=False), *_of_files(no_files, wanted=True)]
    if mailbox is not None:
        wanted = Wanted(mailbox=mailbox, password_file=password_file, config=config)
        rows += _of_mailbox(wanted, view_or_none(config, state), yes, no, last)
    elif yes or no:
        raise UsageError("--yes and --no are folders of a mailbox: name it first")
    return _learned(rows, path)


def _place(name: str, config: Path | None, state: Path | None) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"no pack can name a scorer {name!r}; use letters, digits, . _ -")
    return model_path(state_or_none(config, state), name)


def _of_mailbox(
    wanted: Wanted, view: StateView | None, yes: Several, no: Several, last: int
) -> list[Row]:
    if not (yes or no):
        raise UsageError(
            "say which folders of the mailbox are unwanted (--yes), and which are not (--no)"
        )
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        settings = settings_of(wanted, Path(scratch)).accounts[0]
        account = settings.account
        guarding_of(account, others_at(wanted.mailbox, wanted.config), recorded(view, account.id))
        return asyncio.run(_of_folders(settings, yes, no, last, Path(scratch)))


def _learned(rows: Sequence[Row], path: Path) -> int:
    """Train on rows, write the model, and say how good it is."""
    model, report = training.train(rows)
    _write(path, encoded(model))
    print(_told(report))
    print(f"written to {path}; serve reads it when its configuration is read again. In a pack:")
    print(f"  LEARNED: {{classifier: {path.stem}, map: {{0.9: 1, 0.98: 2}}, score: 2}}")
    return 0


def _of_files(places: Sequence[Path], *, wanted: bool) -> list[Row]:
    rows = []
    for place in places:
        for _, octets in messages_in(place):
            row = row_of(mime.read(octets, shown=True), wanted=wanted)
            if row is not None:
                rows.append(row)
    return rows


async def _of_folders(
    settings: AccountSettings, yes: Several, no: Several, last: int, scratch: Path
) -> list[Row]:
    rows = []
    async with aclosing(labelled(settings, yes, no, last=last, scratch=scratch)) as letters:
        async for message, wanted in letters:
            row = row_of(message, wanted=wanted)
            if row is not None:
                rows.append(row)
    return rows


def _write(path: Path, octets: bytes) -> None:
    """Put a model in its place at once: whoever reads has the old one or the new one."""
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.write_bytes(octets)
        # What a person's mail taught is that person's.
        fresh.chmod(0o600)
        fresh.replace(path)
    except OSError as error:
        raise StoreError(f"{path} can not be written: {error.strerror or error}") from error


def _told(report: Report) -> str:
    learned = (
        f"learned from {report.unwanted:,} unwanted messages of {report.unwanted_domains:,} "
        f"senders' domains and {report.wanted:,} others of {report.wanted_domains:,}; "
        f"{report.same:,} copies were left out"
    )
    worth = (
        f"of mail from senders that it did not learn from it tells {report.balance:.1%} right "
        "(guessing: 50 %)"
    )
    lines = [learned, worth]
    lines += [
        f"  an opinion of {least:g} or more: {report.caught[least]:.1%} of the unwanted mail, "
        f"{report.mistaken[least]:.1%} of the other"
        + ("" if report.mistaken[least] else f" (at most {3 / report.wanted:.1%}, with 95 %)")
        for least in training.THRESHOLDS
    ]
    return "\n".join(lines)
