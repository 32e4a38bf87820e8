"""What a pack says, in one spelling: its digest is its version.

Comments, order of tables, spelling of times and of expressions do not count; the order of
tiers and routes does. It must not know YAML.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from hashlib import sha256

from vedette.guard.expression import Expression, printed
from vedette.guard.pack import Pack

#: Hexadecimal digits of a version: 128 bits, so that no one finds two packs with one version.
DIGITS = 32

# What has no order: of these the elements are compared, not their places.
_SETS = frozenset(
    {"lists", "symbols", "protections", "actions", "where", "phrases", "literals", "names"}
    | {"entries", "sources", "never", "canaries"}
)


def digest(pack: Pack) -> str:
    """Return the version of a pack: the digest of all that it says but the version itself."""
    said = _said(replace(pack, version=""))
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _said(value: object) -> object:
    if isinstance(value, Expression):
        return printed(value.node)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        said: dict[str, object] = {"is": type(value).__name__}
        for each in fields(value):
            inner = _said(getattr(value, each.name))
            if each.name in _SETS and isinstance(inner, list):
                inner.sort(key=json.dumps)
            said[each.name] = inner
        return said
    if isinstance(value, tuple):
        return [_said(each) for each in value]
    return value
