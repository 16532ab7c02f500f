"""`python -m analysis_server.model_plugins FOLDER [MODEL …]`: makes plugins of these models, else of all.

Prints of each, as JSON, what the registry of models has to know: `satellite model install` asks for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from analysis_server.model_plugins.folder import make_plugin_folder, make_training_folder, registry_signature
from analysis_server.models.catalog import METRICS_FILE, ModelSource, find_models
from satellite.plugin.model.golden import FILE as GOLDEN_FILE


def main() -> None:
    """Make the folders, or name the model that there is none of."""
    parser = argparse.ArgumentParser(prog="python -m analysis_server.model_plugins")
    parser.add_argument("--training", action="store_true", help="those that train them too")
    parser.add_argument("under", type=Path)
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    models = find_models()
    unknown = [name for name in asked.names if name not in models]
    if unknown:
        sys.exit(f"there is no model {', '.join(unknown)}; there are: {', '.join(models) or 'none'}")
    under = asked.under.absolute()
    made = [told(models[name], under, with_training=asked.training) for name in asked.names or models]
    print(json.dumps(made))  # noqa: T201  # The command's answer.


def told(model: ModelSource, under: Path, *, with_training: bool = False) -> dict[str, Any]:
    """Make the folder of a model's plugin, that of its training if there is one, and say what to register."""
    trains = with_training and model.training.is_file()
    folder = make_plugin_folder(model, under)
    own = sorted(each for each in model.files.glob("*") if each.name != METRICS_FILE)
    files = own or [folder / GOLDEN_FILE]
    return {
        "name": model.name,
        "description": model.summary,
        "signature": registry_signature(model),
        "files": {file.name: str(file) for file in files},
        "metrics": model.metrics(),
        "plugin_folder": str(folder),
        "training_folder": str(make_training_folder(model, under)) if trains else None,
    }


if __name__ == "__main__":
    main()
