"""Runs a training: from a command line, or as a plugin whose jobs each make a version."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from analysis_server.models.training.arguments import TrainingArguments, read_arguments
from analysis_server.models.training.checkpoint import Checkpoint
from satellite.plugin import checkpoint_dir, output_dir, plugin, run

CHECKPOINT_FILE: Final = "checkpoint.pt"

Make = Callable[[TrainingArguments], dict[str, float]]
"""Trains, writes a version and returns its metrics."""


def run_training(make: Make, description: str | None, *, steps: int, batch_size: int) -> None:
    """Train as the command line says; without one as a plugin, with the numbers of a job or else these."""
    if sys.argv[1:]:
        make(read_arguments(description, steps=steps, batch_size=batch_size))
        return

    @plugin
    def train(request: dict[str, Any]) -> dict[str, float]:
        wanted = {"steps": steps, "batch_size": batch_size, **request}
        folder = checkpoint_dir()
        checkpoint = Checkpoint(None if folder is None else folder / CHECKPOINT_FILE)
        return make(TrainingArguments(output=output_dir(), checkpoint=checkpoint, **wanted))

    run(train)
