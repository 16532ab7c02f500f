"""What every training is told on its command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from analysis_server.models.training.checkpoint import Checkpoint


class TrainingArguments(NamedTuple):
    """Where the version goes, how long to train, and what to go on from."""

    output: Path
    steps: int
    batch_size: int
    checkpoint: Checkpoint


def read_arguments(description: str | None, *, steps: int, batch_size: int) -> TrainingArguments:
    """Return what the command line says, with these numbers where it says none."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch-size", type=int, default=batch_size)
    parser.add_argument("--checkpoint", type=Path, help="where to go on from, and what to keep it in")
    told = parser.parse_args()
    return TrainingArguments(told.output, told.steps, told.batch_size, Checkpoint(told.checkpoint))
