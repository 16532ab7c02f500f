"""What a training goes on from after it was killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


class Checkpoint:
    """A file with the state of a training, replaced as a whole."""

    def __init__(self, file: Path | None) -> None:
        """Keep it in a file; None: nowhere."""
        self._file = file

    def load(self) -> dict[str, Any] | None:
        """Return what was kept last, or None."""
        if self._file is None or not self._file.is_file():
            return None
        # Weights only: a file that was exchanged must not run code.
        state: dict[str, Any] = torch.load(self._file, weights_only=True)
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state."""
        if self._file is None:
            return
        part = self._file.with_suffix(".part")
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._file)
