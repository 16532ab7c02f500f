"""What every model is to its server: four steps, of which only one must be written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class BaseModel:
    """A model: loaded once, then asked any number of times.

    A request goes through `preprocess`, `predict` and `postprocess`. Each of them takes one argument, or two:
    then the second is what the request says under `config`.
    """

    # Arguments are written so that type checkers take both ways of overriding them.

    def __init__(self, files: Path | None = None) -> None:
        """Keep where the files of the model's version are; None where it has none."""
        self.files = files

    def load(self) -> None:
        """Make the model ready, from `self.files` for instance; called once, before the first request."""

    def preprocess(self, data: Any, *_config: Any, **_: Any) -> Any:
        """Return what `predict` wants of what a request brings; a ValueError refuses the request."""
        return data

    def predict(self, data: Any, *_config: Any, **_: Any) -> Any:
        """Return the predictions for one request."""
        raise NotImplementedError(f"{type(self).__name__} has no predict")

    def postprocess(self, predictions: Any, *_config: Any, **_: Any) -> Any:
        """Return the answer, a JSON value, for the predictions of one request."""
        return predictions


class BatchModel(BaseModel):
    """A model that predicts for several requests in one call."""

    def predict_batch(self, batch: Sequence[Any]) -> Sequence[Any]:
        """Return the predictions for each of some requests, in their order."""
        raise NotImplementedError(f"{type(self).__name__} has no predict_batch")
