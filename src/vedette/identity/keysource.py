"""Where the installation's key comes from: a file, the environment, or a command.

Must not load what encrypts: whoever reads a configuration has this, and most need no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from vedette.secret import Secret

#: The name of the file in the state folder, where nothing else is said.
FILE: Final = "secrets.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A file that holds the key; the first start may make it."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVariable:
    """A variable of the environment, and what it held when the configuration was read."""

    name: str
    text: Secret[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCommand:
    """A program and its arguments, that prints the key within so many seconds."""

    command: tuple[str, ...]
    seconds: float = 30.0


KeySource: TypeAlias = KeyFile | KeyVariable | KeyCommand
