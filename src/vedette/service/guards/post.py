"""A guard at its post as a record: its pack's text or the name of a shipped one, and where it stands.

What it may say is checked by the readers of the configuration file (``config.guards``), as for
endpoints. The record is a wish: a protective guard is held to what is enforced by the ratchet, as
if the file said it. It must not know who may set what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from vedette.config.guards import read_post, shipped_text
from vedette.config.settings import GuardSettings
from vedette.errors import ConfigError
from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Record
from vedette.ports.registration import Origin
from vedette.secret import Secret
from vedette.service.body import Body, members, readable, written
from vedette.service.endpoints.endpoint import FieldError, Fields
from vedette.service.form import Form, flaw
from vedette.service.keys import NOBODY

#: What may be set, and the key of the file that it stands for.
MEMBERS: Final[Mapping[str, str]] = {
    "mode": "mode", "tenants": "tenants", "accounts": "accounts", "folders": "folders",
    "sweep": "sweep", "private": "private", "partner": "partner", "help": "help",
}  # fmt: skip

#: What is sealed, by the member that sets it.
SEALED: Final[Mapping[str, str]] = {"partnerSecret": "partner_secret"}

#: Characters of the text of a pack: as many octets as one may have (``guard.source``).
MAX_TEXT: Final = 1024 * 1024
#: Entries of one list of a post.
MAX_ENTRIES: Final = 10_000

#: Where a pack says its name: a line of its own that begins with the key.
_SAYS: Final = re.compile(r"^guard:.*$", re.MULTILINE)
#: What a guard can be called (``guard.reading.pack``), and a tenant that guards are called after.
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_TENANT: Final = re.compile(r"[a-z][a-z0-9-]{0,19}")
#: Where the relative paths of a pack that is kept in the state start from: nowhere. Lists are
#: entries of the pack, or URLs.
NOWHERE: Final = Path("/nonexistent")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredGuard:
    """A guard without its secret. ``tenant`` None: it may stand at accounts of all.

    ``id`` is the name of the guard. ``pack`` is the name of a shipped pack; without one, ``text`` is
    the pack itself.
    """

    id: str
    tenant: TenantId | None
    pack: str | None = None
    text: str = ""
    members: Mapping[str, object] = field(default_factory=dict)
    sealed: tuple[str, ...] = ()
    active: bool = True
    origin: Origin = Origin.API
    created_at: float = 0.0
    updated_at: float = 0.0
    version: int = 0


def guard_of(record: Record) -> RegisteredGuard:
    """Read a record. Raises NewerError where it says what this version does not know."""
    body = members(record)
    form = Form(body)
    settings, text = form.raw("settings"), form.raw("text")
    found = RegisteredGuard(
        id=record.id,
        tenant=None if record.tenant == NOBODY else record.tenant,
        pack=form.optional("pack"),
        text=text if isinstance(text, str) else "",
        members=dict(settings) if isinstance(settings, Mapping) else {},
        sealed=form.texts("sealed", most=10),
        active=form.flag("active", default=True),
        created_at=record.created_at,
        updated_at=record.updated_at,
        version=record.version,
    )
    readable(form, record)
    return found


def record_of(found: RegisteredGuard, *, over: Record | None = None) -> Record:
    """Return the record to write; ``over`` is what it replaces, whose unknown members stay."""
    body: Body = {
        "pack": found.pack,
        "text": found.text,
        "active": found.active,
        "sealed": list(found.sealed),
        "settings": dict(found.members),
    }
    return Record(
        kind=Kind.GUARD,
        id=found.id,
        tenant=found.tenant or NOBODY,
        body=written(body, over=over),
        label=f"{found.id} {found.pack or ''}",
        is_counted=True,
    )


def settings_of(found: RegisteredGuard, secrets: Mapping[str, Secret[str]]) -> GuardSettings:
    """Return the guard as it is posted: 40 ms and more of work, so not for the loop's own thread.

    Raises ConfigError: FieldError with the member where one is wrong; in a pack, the line of each
    mistake. A tenant's guard stands at its own accounts alone.
    """
    values: dict[str, Any] = {MEMBERS[name]: value for name, value in found.members.items()}
    for name in SEALED.values():
        if name in secrets:
            values[name] = secrets[name].reveal()
    if found.tenant is not None:
        values["tenants"] = [found.tenant]
    text, file, base = _pack(found)
    table = Fields(values, file="guard", text="", path=(found.id,))
    settings = read_post(table, text, file=file, base=base)
    if settings.pack.name != found.id:
        raise FieldError("text", f"says `guard: {settings.pack.name}`, and the guard is {found.id}")
    if found.pack is None:
        _refuse_files(settings)
    return settings


def is_name(id_: str) -> bool:
    """Tell whether a guard can be called that."""
    return _NAME.fullmatch(id_) is not None


def prefix_of(tenant: TenantId) -> str:
    """Return what the names of a tenant's guards begin with: its own, where that can be in one."""
    if _TENANT.fullmatch(tenant):
        return f"{tenant}-"
    return f"t{sha256(tenant.encode()).hexdigest()[:12]}-"


def members_in(form: Form) -> dict[str, object]:
    """Return what a form sets of a post, null left out; mistakes are in the form."""
    found: dict[str, object] = {}
    for name in MEMBERS:
        value = form.raw(name)
        if value is None:
            continue
        why = _flaw(name, value)
        if why is None:
            found[name] = value
        else:
            form.fail(name, why)
    return found


def text_in(form: Form) -> str:
    """Return the text of a pack, of which the reader of packs says what is wrong with it."""
    value = form.raw("text")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        form.fail("text", f"expected the text of a pack, {MAX_TEXT} characters at most")
    elif not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
        form.fail("text", "is not well-formed text")
    elif "\0" in value:
        form.fail("text", "holds a NUL, which no pack has")
    else:
        return value
    return ""


def _pack(found: RegisteredGuard) -> tuple[str, str, Path]:
    if found.pack is None:
        text, file, base = found.text, found.id, NOWHERE
    else:
        try:
            text, file, base = shipped_text(found.pack)
        except ConfigError as error:
            raise FieldError("pack", str(error)) from None
    # A pack stands under the name of its post, so that two tenants can have the same one.
    return _SAYS.sub(lambda _: f"guard: {found.id}", text, count=1), file, base


def _refuse_files(settings: GuardSettings) -> None:
    """Refuse lists from files: a pack from outside must not read what is on this machine."""
    for each in settings.pack.lists:
        for source in each.sources:
            if not source.startswith(("http://", "https://")):
                raise FieldError(
                    "text", f"list {each.name}: a pack kept here has its lists from URLs or entries"
                )


def _flaw(name: str, value: object) -> str | None:
    """Say why a member can not be stored, or None. What it means is judged by its reader."""
    if name == "sweep":
        if not isinstance(value, Mapping) or not set(value) <= {"messages", "days"}:
            return "expected an object with messages and days"
        whole = all(isinstance(each, int) and abs(each) < 2**53 for each in value.values())
        return None if whole else "expected whole numbers"
    if isinstance(value, list | tuple):
        if len(value) > MAX_ENTRIES:
            return f"has more than {MAX_ENTRIES} entries"
        return next((why for each in value if (why := flaw(each)) is not None), None)
    if isinstance(value, bool):
        return None
    return flaw(value)
