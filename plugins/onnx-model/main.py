"""Loads the version of a model that it is told of, one file of ONNX, and answers by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
from arrays import read_arrays, write_arrays

from satellite.plugin.model import BaseModel, run_model

MODEL = "model.onnx"


class OnnxModel(BaseModel):
    """Any model that is one file of ONNX; what it takes and gives it says itself."""

    def __init__(self, files: Path | None = None) -> None:
        """Take the folder of a version."""
        if files is None:
            # No example instead: whoever asked for a version must never be answered by something else.
            raise ValueError("there is no version to load: ask a model of the registry, not this plugin")
        super().__init__(files)

    def load(self) -> None:
        """Load the file."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # A thread that waits busily takes a processor from the others on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
        providers = [each for each in wanted if each in onnxruntime.get_available_providers()]
        self.session = onnxruntime.InferenceSession(str(self.files / MODEL), options, providers=providers)
        self.outputs = [each.name for each in self.session.get_outputs()]

    def preprocess(self, data: Any) -> dict[str, Any]:
        """Return the arrays of a request; a ValueError says what is wrong with it."""
        return read_arrays(self.session.get_inputs(), data)

    def predict(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs by name."""
        return dict(zip(self.outputs, self.session.run(self.outputs, data), strict=True))

    def postprocess(self, predictions: dict[str, Any]) -> Any:
        """Return the answer."""
        return write_arrays(predictions)


if __name__ == "__main__":
    run_model(OnnxModel)
