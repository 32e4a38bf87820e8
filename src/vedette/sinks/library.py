"""The one place where a broker's client library is imported: when its sink starts.

So a service without such an endpoint neither needs the library nor pays for it. The file of a
sink imports its library at its top as any file does; this imports that file, by name.
It must not know what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from logging import CRITICAL, getLogger
from types import ModuleType

from vedette.errors import SinkError


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A module of ours that needs the extra ``extra`` of the package to be installed.

    ``loggers`` are the library's own. They fall silent: what they say is in what it raises, and at
    debug some would write whole messages, which are people's mail.
    """

    module: str
    extra: str
    loggers: tuple[str, ...] = ()

    def load(self, endpoint: str) -> ModuleType:
        """Import it. Raises SinkError, with what to install, when its library is not there."""
        for name in self.loggers:
            getLogger(name).setLevel(CRITICAL)
        try:
            return import_module(self.module)
        except ImportError as error:
            if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
                # A module of ours: a defect, and no fault of whoever installed us.
                raise
            wanted = f"vedette[{self.extra}]"
            raise SinkError(
                f"the endpoint {endpoint} needs {wanted}: pip install '{wanted}'"
            ) from error
