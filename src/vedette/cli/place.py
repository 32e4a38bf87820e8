"""Where the configuration is: an option, the environment, or the usual places."""

from __future__ import annotations

from pathlib import Path

from vedette.config.document import load
from vedette.config.environment import CONFIG, state_folder, variable
from vedette.errors import ConfigError

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
