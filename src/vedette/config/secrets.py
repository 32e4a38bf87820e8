"""The table ``[secrets]``: where the key is from under which secrets lie in the state."""

from __future__ import annotations

from pathlib import Path

from vedette.config.document import Table
from vedette.config.environment import secret
from vedette.config.settings import SecretsSettings
from vedette.identity.keysource import KeyCommand, KeyFile, KeySource, KeyVariable

#: Seconds that a command may take, unless told otherwise: some ask a service that is far away.
_SECONDS = 30.0
#: Seconds that a start may be made to wait.
_LONGEST = 300.0


def read_secrets(table: Table, beside: Path) -> SecretsSettings:
    """Read which keys there are. Raises ConfigError.

    A relative path of a key counts from the file of the configuration, as that of the state does.
    """
    settings = SecretsSettings(
        key=_source(table, beside),
        old=tuple(_old(each, beside) for each in table.table("old").tables()),
    )
    table.done()
    return settings


def _old(table: Table, beside: Path) -> KeySource:
    source = _source(table, beside)
    if source is None:
        table.missing("key_file", "or key_env, or key_command: where this old key is")
    table.done()
    return source


def _source(table: Table, beside: Path) -> KeySource | None:
    """Return where a key is from; None where nothing is said."""
    given = [name for name in ("key_file", "key_env", "key_command") if name in table]
    if len(given) > 1:
        table.fail(given[1], f"{given[0]} is given too; keep one of them")
    file, name, command = table.text("key_file"), table.text("key_env"), table.texts("key_command")
    seconds = table.number("key_timeout", _SECONDS, low=1, high=_LONGEST)
    if file is not None:
        try:
            return KeyFile(path=beside / Path(file).expanduser())
        except RuntimeError:
            table.fail("key_file", f"there is no home for {file}")
    if name is not None:
        text = secret(name)
        if text is None:
            table.fail("key_env", f"the environment has no variable {name}")
        return KeyVariable(name=name, text=text)
    if command:
        return KeyCommand(command=command, seconds=seconds)
    if "key_command" in table:
        table.fail("key_command", "is empty: give a program and its arguments")
    return None
