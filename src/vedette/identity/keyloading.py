"""Fetches the installation's key from where the configuration says that it is.

The file is made at the first start and by no later one: a state that holds secrets is never given
a second key. Two starts at the same time on one machine agree on one.
It must not know what the key wraps.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, assert_never

from vedette.errors import SecretError
from vedette.identity.command import printed
from vedette.identity.envelope import KEY
from vedette.identity.keysource import KeyCommand, KeyFile, KeySource, KeyVariable
from vedette.identity.wrapping import Keyring, WrappingKey, wrapping_key
from vedette.secret import Secret

#: Octets of a file or an output that are read: a key in any spelling, and a comment's worth more.
_MOST: Final = 1024

#: Rights that a file of a key must not give: any to others, and writing to the group. Reading by
#: the group is how Kubernetes gives a secret to a process that is not root (fsGroup).
_FORBIDDEN: Final = stat.S_IRWXO | stat.S_IWGRP


async def keyring(key: KeySource, old: Sequence[KeySource] = (), *, makes: bool) -> Keyring:
    """Return the keys of the installation. Raises SecretError for one that can not be had.

    ``makes`` lets a file be made that is not there: of the current key alone.
    """
    current = await _loaded(key, makes=makes)
    return Keyring(current, [await _loaded(each, makes=False) for each in old])


async def _loaded(source: KeySource, *, makes: bool) -> WrappingKey:
    match source:
        case KeyFile(path=path):
            return await asyncio.to_thread(_from_file, path, makes=makes)
        case KeyVariable(name=name, text=text):
            return wrapping_key(text, f"the variable {name}")
        case KeyCommand(command=command, seconds=seconds):
            what = "the command of the key"
            text = await printed(command, what=what, seconds=seconds, most=_MOST)
            return wrapping_key(text, f"what {command[0]} prints")
        case _:
            assert_never(source)


def _from_file(path: Path, *, makes: bool) -> WrappingKey:
    try:
        if makes and not path.exists():
            _make(path)
        return wrapping_key(_read(path), str(path))
    except FileNotFoundError as error:
        raise SecretError(
            f"{path} is missing, and the secrets of this state are sealed under it: copy it from an"
            " instance that runs, or from a backup"
        ) from error
    except OSError as error:
        raise SecretError(f"{path} can not be used as a key: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SecretError(f"{path} holds no key: it is not text") from None


def _read(path: Path) -> Secret[str]:
    """Read the file by one descriptor, which is judged: not one file judged and another read."""
    # A pipe would have us wait for whoever writes to it.
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(number, "rb") as file:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        if status.st_mode & _FORBIDDEN:
            raise SecretError(
                f"{path} can be read by others, or written by its group; run `chmod 600` on it, and"
                " take a new key if somebody may have"
            )
        return Secret(file.read(_MOST).decode())


def _make(path: Path) -> None:
    """Write a new key, on the disk before it has its name."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secrets.token_hex(KEY)}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
        _keep(path.parent)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)


def _keep(folder: Path) -> None:
    """Have the name of the file outlive a loss of power: what is sealed under it does."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)
