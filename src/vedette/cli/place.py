"""Where the configuration is: an option, the environment, or the usual places."""

from __future__ import annotations

from pathlib import Path

from vedette.config.document import load
from vedette.config.environment import CONFIG, STORE, secret, state_folder, variable
from vedette.config.store import checked, read_store
from vedette.errors import ConfigError
from vedette.secret import Secret

USUAL = (Path("vedette.toml"), Path("/etc/vedette/vedette.toml"))


def configuration(given: Path | None) -> Path:
    """Return the configuration file. Raises ConfigError when there is none."""
    named = given or (Path(found) if (found := variable(CONFIG)) else None)
    if named is not None:
        return named
    for path in USUAL:
        if path.is_file():
            return path
    places = " or ".join(str(path) for path in USUAL)
    raise ConfigError(f"there is no configuration: give --config, set {CONFIG}, or write {places}")


def state_of(config: Path | None, state: Path | None) -> Path:
    """Return the state folder: as given, or as the configuration says.

    Nothing else is read: whoever looks at the state need not have the service's passwords.
    """
    if state is not None:
        return state
    file = configuration(config)
    named = load(file).text("state")
    return state_folder() if named is None else file.parent / Path(named).expanduser()


def database_of(config: Path | None, store: str | None) -> Secret[str]:
    """Return the Postgres that is meant: as given, or as the environment or the configuration says.

    Nothing else is read. Raises UsageError for what is no Postgres, ConfigError where none is named.
    """
    given = secret(STORE) if store is None else Secret(store)
    if given is not None:
        return checked(given)
    file = configuration(config)
    found = read_store(load(file).table("store"))
    if found is None:
        raise ConfigError(
            f"{file} names no database: give --store, set {STORE}, or write url under [store]"
        )
    return found.url
