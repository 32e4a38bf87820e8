"""The app has every resource, and finds those that may answer to a path without the others."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

from vedette.api import routes
from vedette.api.frame import ROUTERS, below


def test_every_file_of_routes_is_served() -> None:
    """A resource that is new is no file that nobody imports."""
    assert {each.name for each in pkgutil.iter_modules(routes.__path__)} == set(ROUTERS)


@pytest.mark.parametrize("name", ROUTERS)
def test_a_resource_answers_below_its_own_path(name: str) -> None:
    """So whoever asks for some of them misses none that would have answered."""
    paths = [each.path for each in import_module(f"vedette.api.routes.{name}").router.routes]

    assert paths
    assert all(name in below(path) for path in paths)
