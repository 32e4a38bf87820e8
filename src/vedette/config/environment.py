"""The environment: where secrets and state are when nothing else says so."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from vedette.errors import UsageError
from vedette.secret import Secret

#: The password of ``vedette watch`` and ``vedette doctor``; never shown by ``ps``.
PASSWORD = "VEDETTE_PASSWORD"  # noqa: S105 - the name of a variable, not a password
#: An OAuth 2.0 access token in its place.
TOKEN = "VEDETTE_TOKEN"  # noqa: S105 - the name of a variable, not a token
#: The secret that signs what ``--webhook`` posts.
WEBHOOK_SECRET = "VEDETTE_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable, not a secret
#: What a guard's partner grants with.
PARTNER_SECRET = "VEDETTE_PARTNER_SECRET"  # noqa: S105 - the name of a variable, not a secret
#: The key of the API that commands ask with.
KEY = "VEDETTE_KEY"
#: The service that commands ask, where no option names it.
SERVER = "VEDETTE_SERVER"
#: The database that instances share, where no option and no file names it.
STORE = "VEDETTE_STORE"
#: Which of several processes on one machine this one is, from 1; set by the one that starts them.
WORKER = "VEDETTE_WORKER"
#: The configuration of ``serve``, ``status``, ``events`` and ``replay``.
CONFIG = "VEDETTE_CONFIG"


def variable(name: str) -> str | None:
    """Return an environment variable; an empty one is none."""
    return os.environ.get(name) or None


def secret(name: str) -> Secret[str] | None:
    """Return an environment variable as a secret."""
    value = variable(name)
    return None if value is None else Secret(value)


def state_folder() -> Path:
    """Return the folder of the user's own state (XDG Base Directory Specification)."""
    base = variable("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "vedette"


def host_name() -> str:
    """Return the name of this machine."""
    return os.uname().nodename


def secret_file(path: Path) -> Secret[str]:
    """Return the first line of a file as a secret. Raises UsageError without its content."""
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline(65_536).rstrip("\r\n")
    except UnicodeDecodeError:
        # The cause is left out: it holds what was read.
        raise UsageError(f"{path} can not be read: it is not UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} can not be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{str(path)!r} can not be a path: {error}") from error
    if not line:
        raise UsageError(f"{path} is empty; it should hold the secret in its first line")
    return Secret(line)


def keyring_password(host: str, user: str) -> Secret[str] | None:
    """Return the password from the desktop's keyring, if the optional extra is installed."""
    try:
        keyring = import_module("keyring")
    except ImportError:
        return None
    found = keyring.get_password(f"vedette:{host}", user)
    return None if found is None else Secret(found)
