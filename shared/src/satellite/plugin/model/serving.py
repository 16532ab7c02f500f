"""Serves a model as a plugin: loaded once, asked in batches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

from satellite.plugin.declaration import plugin
from satellite.plugin.entry import run
from satellite.plugin.model.answering import Steps
from satellite.plugin.model.base import BaseModel
from satellite.plugin.model.golden import check_golden_examples
from satellite.plugin.model.registry import model_registry

FILES_VARIABLE = "SATELLITE_MODEL_DIR"
"""Names the folder with the files of the model's version, where it comes from elsewhere than its class."""


def load_model(model: type[BaseModel]) -> Steps:
    """Return a model that is loaded, and has answered its golden examples.

    Raises:
        GoldenExampleMissed: it answers one otherwise than when it was trained.
    """
    told = os.environ.get(FILES_VARIABLE)
    instance = model(Path(told)) if told else model()
    instance.load()
    steps = Steps.of(instance)
    check_golden_examples(steps, instance.files)
    return steps


def run_model(model: type[BaseModel] | str) -> NoReturn:
    """Run a model, or the registered one of a name, as a plugin until no request is left.

    Raises:
        ModelUnknown: no model has that name.
    """
    wanted = model_registry.get(model) if isinstance(model, str) else model

    @plugin(setup=lambda: load_model(wanted), batch=True)
    def answer(requests: list[Any], steps: Steps) -> list[Any]:
        return steps.answer_all(requests)

    run(answer)
