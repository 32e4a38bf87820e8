"""The ``[guards.NAME]`` tables: which packs stand where, and whether they may act."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from vedette.config.accounts import secret_of
from vedette.config.document import Table
from vedette.config.settings import GuardSettings
from vedette.engine.guarding import Mode, Span
from vedette.errors import ConfigError
from vedette.guard.pack import Pack
from vedette.model.ids import AccountId, EndpointId, TenantId
from vedette.secret import Secret

#: Octets of a pack: four thousand phrases in nine languages are 200 KiB.
MAX_PACK = 4 * 1024 * 1024

#: Characters of a partner's secret: what a person chooses, and who has the machine can not try out.
MIN_SECRET = 12

#: Messages of one folder in a sweep: at 64 KiB each, more than this is a backup and not a look.
MAX_SWEPT = 10_000
#: Days that a sweep may look back: ten years.
MAX_DAYS = 3_650

#: What a pack of ours is called by its name, and one of the user's by its path.
SUFFIXES = (".yaml", ".yml")


def read_guard(table: Table, beside: Path) -> GuardSettings:
    """Read one guard and its pack. Raises ConfigError with file, line and key."""
    named = table.required("pack", "the name of a shipped pack, or the path of a YAML file")
    try:
        text, file, base = _pack_text(named, beside)
    except ConfigError as error:
        table.fail("pack", str(error))
    return read_post(table, text, file=file, base=base)


def read_post(table: Table, text: str, *, file: str, base: Path) -> GuardSettings:
    """Read what stands beside the text of a pack: where it is posted, and what it may do."""
    guard = GuardSettings(
        # A mistake in the pack has a file, a line and a column of its own.
        pack=parsed(text, file=file),
        text=text,
        base=base,
        mode=table.choice("mode", Mode, Mode.SHADOW),
        tenants=tuple(TenantId(each) for each in table.texts("tenants")),
        accounts=tuple(AccountId(each) for each in table.texts("accounts")),
        folders=table.texts("folders"),
        sweep=_sweep(table.table("sweep")),
        private=table.flag("private", default=False),
        partner=None if (partner := table.text("partner")) is None else EndpointId(partner),
        partner_secret=_partner_secret(table),
        help=table.text("help") or "",
    )
    table.done()
    return guard


def _sweep(table: Table) -> Span:
    standard = Span()
    span = Span(
        messages=table.whole("messages", standard.messages, low=0, high=MAX_SWEPT),
        days=table.whole("days", standard.days, low=0, high=MAX_DAYS),
    )
    table.done()
    return span


def _partner_secret(table: Table) -> Secret[str] | None:
    secret = secret_of(table, "partner_secret")
    if secret is not None and len(secret.reveal()) < MIN_SECRET:
        given = (name for name in table.keys if name.startswith("partner_secret"))
        table.fail(next(given), f"a partner's secret has {MIN_SECRET} characters or more")
    return secret


def shipped() -> tuple[str, ...]:
    """Return the names of the packs that come with Vedette."""
    folder = resources.files("vedette") / "packs"
    names = (each.name for each in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_pack(named: str, beside: Path) -> GuardSettings:
    """Read a pack by its name or path, for a command. Raises ConfigError."""
    text, file, base = _pack_text(named, beside)
    return GuardSettings(pack=parsed(text, file=file), text=text, base=base)


def parsed(text: str, *, file: str) -> Pack:
    """Read the text of a pack. Raises ConfigError, a line for each mistake."""
    from vedette.guard.reading.pack import (  # noqa: PLC0415 - YAML and RE2 take 40 ms and 6 MiB: only who has guards pays
        read_pack,
    )

    return read_pack(text, file=file)


def _pack_text(named: str, beside: Path) -> tuple[str, str, Path]:
    """Return a pack's text, the name of its file, and the folder that its paths start from."""
    if named.endswith(SUFFIXES):
        path = beside / Path(named).expanduser()
        return _text(path), str(path), path.parent
    return shipped_text(named)


def shipped_text(named: str) -> tuple[str, str, Path]:
    """Return the text of a shipped pack, its file's name and its folder. Raises ConfigError."""
    if named not in shipped():
        raise ConfigError(
            f"there is no shipped pack {named!r} among {', '.join(shipped())}; "
            "a file of your own ends in .yaml"
        )
    with resources.as_file(resources.files("vedette") / "packs") as folder:
        path = folder / f"{named}.yaml"
        return _text(path), f"{named}.yaml", folder


def _text(path: Path) -> str:
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} can not be read: {error.strerror or error}") from error
    if len(octets) > MAX_PACK:
        raise ConfigError(f"{path} has more than {MAX_PACK:,} octets; make two packs of it")
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 at octet {error.start}") from error
