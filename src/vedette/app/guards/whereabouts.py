"""Where a partner is told, as digests: a held guard tells by them that its endpoint is another.

An endpoint's settings hold secrets, and a URL may be one, so they are kept as keyed digests alone.
It must not know what becomes of an endpoint that changed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path

from vedette.config.settings import EndpointSettings
from vedette.guard.ratchet import Stand
from vedette.secret import Secret
from vedette.sinks.webhook import WebhookSettings

#: Hexadecimal digits of a digest: 128 bits.
_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """An endpoint in digests: ``place`` is all of it but the keys that sign, which are ``signs``."""

    place: str = ""
    signs: tuple[str, ...] = ()


#: There is no such endpoint.
NOWHERE = Whereabouts()


def whereabouts(settings: EndpointSettings | None, key: Secret[str]) -> Whereabouts:
    """Return where an endpoint goes; ``key`` is the installation's own."""
    if settings is None:
        return NOWHERE
    signs: tuple[str, ...] = ()
    if isinstance(settings.sink, WebhookSettings):
        signs = tuple(_digest(key, "sign", _spelled(each)) for each in settings.sink.keys)
        settings = replace(settings, sink=replace(settings.sink, keys=()))
    return Whereabouts(place=_digest(key, "place", _spelled(settings)), signs=signs)


def is_told(stand: Stand, found: Whereabouts) -> bool:
    """Tell whether an endpoint is the one that a guard is held to.

    Another key beside those that sign already is none of another endpoint: who verifies by an old
    one goes on to.
    """
    return stand.place == found.place and set(stand.signs) <= set(found.signs)


def _digest(key: Secret[str], what: str, spelled: str) -> str:
    whole = f"{what} of a partner\0{spelled}".encode("utf-8", "surrogatepass")
    return hmac.new(key.reveal().encode(), whole, hashlib.sha256).hexdigest()[:_DIGITS]


def _spelled(value: object) -> str:
    """Spell settings so that the same are spelled the same, in this version and in later ones.

    What is as it is by default is left out: a setting that a later version has more is so.
    """
    match value:
        case Secret():
            spelled = repr(value.reveal())
        case Enum():
            spelled = repr(value.value)
        case None | bool() | int() | float() | str() | bytes():
            spelled = repr(value)
        case Path():
            spelled = repr(str(value))
        case Mapping():
            pairs = (f"{_spelled(key)}:{_spelled(each)}" for key, each in value.items())
            spelled = f"{{{','.join(sorted(pairs))}}}"
        case tuple() | list():
            spelled = f"[{','.join(map(_spelled, value))}]"
        case set() | frozenset():
            spelled = f"<{','.join(sorted(map(_spelled, value)))}>"
        case _:
            parts = (f"{name}={_spelled(each)}" for name, each in _parts(value))
            spelled = f"{type(value).__name__}({','.join(parts)})"
    return spelled


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if is_dataclass(value):
        for each in fields(value):
            found = getattr(value, each.name)
            if found != _default(each):
                yield each.name, found
    else:
        for name in getattr(value, "__slots__", ()):
            yield name, getattr(value, name)


def _default(field_: Field[object]) -> object:
    if field_.default_factory is not MISSING:
        return field_.default_factory()
    return field_.default
