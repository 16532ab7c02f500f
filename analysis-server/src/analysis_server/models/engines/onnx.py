"""ONNX Runtime: the engine that models are served by unless they need another."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import onnxruntime

from analysis_server.models.engines.port import ArraySpec, ModelFileUnfit, check_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

THREADS_VARIABLE: Final = "ORT_INTRA_OP_NUM_THREADS"
TYPES: Final = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}


class OnnxEngine:
    """A model in a file of ONNX, on the card that the process has been given, else on its processors."""

    def __init__(self, file: Path, *, threads: int | None = None) -> None:
        """Load a file; `threads` is how many processors one answer may take.

        Raises:
            ModelFileUnfit: it is missing, broken, or wants what ONNX Runtime has not.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or int(os.environ.get(THREADS_VARIABLE, "1"))
        options.inter_op_num_threads = 1
        # A thread that waits busily takes a processor from the others on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=_providers())
        except Exception as error:
            # Its own errors have no common class.
            raise ModelFileUnfit(f"{file.name}: {error}") from error
        self.inputs = _specs(self._session.get_inputs())
        self.outputs = _specs(self._session.get_outputs())
        self._names = [spec.name for spec in self.outputs]

    def run(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name; see the port."""
        check_arrays(self.inputs, arrays)
        return dict(zip(self._names, self._session.run(self._names, dict(arrays)), strict=True))


def _providers() -> list[str]:
    """Return where it may compute, the best first."""
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    return [each for each in wanted if each in onnxruntime.get_available_providers()]


def _specs(nodes: Sequence[Any]) -> tuple[ArraySpec, ...]:
    return tuple(
        ArraySpec(
            name=node.name,
            dtype=TYPES.get(node.type, node.type),
            shape=tuple(length if isinstance(length, int) else None for length in node.shape),
        )
        for node in nodes
    )
