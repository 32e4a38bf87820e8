"""A trained model as a scorer: read from its file once, asked in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vedette.errors import ConfigError
from vedette.guard.classifier import MAX_FILE, Model, decoded
from vedette.ports.scorer import Letter

#: Where models lie below the state folder, and what they are called.
FOLDER = "models"
SUFFIX = ".model"


class Classifier:
    """One model; its one opinion has its name."""

    def __init__(self, name: str, model: Model) -> None:
        self.name = name
        self._model = model

    def speaks_as(self, name: str) -> bool:
        """Tell whether it may have an opinion of this name."""
        return name == self.name

    async def opinions(self, letter: Letter) -> Mapping[str, float]:
        """Return what the model thinks; nothing of a message without words."""
        opinion = self._model.opinion(letter.message)
        return {} if opinion is None else {self.name: opinion}

    async def close(self) -> None:
        """Nothing is held."""


def model_path(state: Path, name: str) -> Path:
    """Return where the model of this name lies."""
    return state / FOLDER / f"{name}{SUFFIX}"


def load_model(path: Path) -> Model:
    """Read a model file. Raises ConfigError that names it."""
    try:
        with path.open("rb") as file:
            octets = file.read(MAX_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{path} can not be read: {error.strerror or error}") from error
    try:
        return decoded(octets)
    except ConfigError as error:
        raise ConfigError(f"{path} {error}") from error
