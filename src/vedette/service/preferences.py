"""The few settings of the service that are set while it runs: one record, each with a name and type.

What a service needs before it can read its state stands in the configuration file. It must not
know who follows a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from vedette.model.ids import TenantId
from vedette.ports.records import Kind, Record
from vedette.service.body import members, readable, written
from vedette.service.cabinet import Cabinet, Versions, Writing
from vedette.service.caller import Caller
from vedette.service.form import Form

#: The one record.
_ID: Final = "service"
_NOBODY: Final = TenantId("")

#: Seconds for which a connect link can be used: an hour, unless it is set, and a day at most.
LINK: Final = 3_600
_LONGEST_LINK: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What is set. ``public_url`` is where browsers find this service: redirects lead there."""

    public_url: str | None = None
    link_seconds: int = LINK
    version: int = 0


class PreferenceBook:
    """Reads and changes them. Every method raises StoreError."""

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    async def get(self, caller: Caller) -> Preferences:
        """Return what is set, for an admin."""
        caller.needs_admin("to see the settings")
        return await self.current()

    async def current(self) -> Preferences:
        """Return what is set, for whoever acts by it."""
        record = await self._cabinet.records.record(Kind.SETTING, _ID)
        return Preferences() if record is None else _read_record(record)

    async def update(
        self, caller: Caller, wish: Mapping[str, object], *, expected: Versions = None
    ) -> Preferences:
        """Change some. Raises InvalidError, StaleError."""
        caller.needs_admin("to change the settings")
        _read(Form(wish), Preferences()).done()
        if await self._cabinet.records.record(Kind.SETTING, _ID) is None:
            record = _record(Preferences())
            # Where another was faster it is there as well.
            await self._cabinet.write(caller, [(Writing(record=record, what="settings.made"), 0)])

        async def decide(record: Record) -> Writing | None:
            before = _read_record(record)
            reading = _read(Form({**_members(before), **wish}), before)
            then = reading.done()
            if then == before:
                return None
            changed = [
                name for name, value in _members(then).items() if _members(before)[name] != value
            ]
            return Writing(
                record=_record(then, over=record),
                what="settings.changed",
                detail={"changed": sorted(changed)},
            )

        record = await self._cabinet.change(caller, Kind.SETTING, _ID, decide, expected=expected)
        return _read_record(record)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    form: Form
    found: Preferences

    def done(self) -> Preferences:
        self.form.refuse_unknown()
        self.form.done()
        return self.found


def _read(form: Form, base: Preferences) -> _Reading:
    found = replace(
        base,
        public_url=form.checked("publicUrl", _url, None),
        link_seconds=form.whole("linkSeconds", LINK, low=60, high=_LONGEST_LINK),
    )
    return _Reading(form=form, found=found)


def _url(text: str) -> str:
    """Read where browsers find us: https, or this machine; without a path of its own."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme != "https" and (parts.scheme, host) not in {
        ("http", "localhost"),
        ("http", "127.0.0.1"),
    }:
        raise ValueError("is no https:// URL; http:// is for localhost alone")
    if not host or parts.username or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise ValueError("is more than scheme, host and port")
    return f"{parts.scheme}://{parts.netloc}"


def _members(found: Preferences) -> dict[str, object]:
    return {"publicUrl": found.public_url, "linkSeconds": found.link_seconds}


def _record(found: Preferences, *, over: Record | None = None) -> Record:
    body = written(_members(found), over=over)
    return Record(kind=Kind.SETTING, id=_ID, tenant=_NOBODY, body=body)


def _read_record(record: Record) -> Preferences:
    form = Form(members(record))
    found = _read(form, Preferences()).found
    readable(form, record)
    return replace(found, version=record.version)
