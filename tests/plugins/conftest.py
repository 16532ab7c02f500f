"""One environment per plugin, made once a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.environment import PluginEnvironment, make_environment


@pytest.fixture(scope="session")
def environment_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], PluginEnvironment]:
    """Return the environment of a plugin folder."""
    where = tmp_path_factory.mktemp("plugins")
    made: dict[Path, PluginEnvironment] = {}

    def get(folder: Path) -> PluginEnvironment:
        if folder not in made:
            made[folder] = make_environment(folder, where)
        return made[folder]

    return get
