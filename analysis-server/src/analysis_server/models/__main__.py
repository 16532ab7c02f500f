"""Serves one of the models that come with Satellite as a plugin: `python -m analysis_server.models NAME`."""

from __future__ import annotations

import importlib
import sys

from analysis_server.models.catalog import find_models
from satellite.plugin.model import run_model


def main() -> None:
    """Import the model, by which it is registered, and answer requests until there are no more."""
    (name,) = sys.argv[1:]
    importlib.import_module(find_models()[name].module)
    run_model(name)


if __name__ == "__main__":
    main()
