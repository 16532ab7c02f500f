"""PyTorch: the engine for networks that ONNX does not describe, in environments that have it.

What is loaded is numbers, in a file of safetensors: the network is code of the model, and a file brings none.
The archives of `torch.export` hold code and pickles, which the registry takes from nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from analysis_server.models.engines.port import ArraySpec, ModelFileUnfit, check_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUTS: Final = "inputs"
OUTPUTS: Final = "outputs"
"""In the metadata of a file: what its network takes and gives, each in the order of its own code."""


class TorchEngine:
    """A network with the weights of a file, on the card of this process if it has one, else on processors."""

    def __init__(self, file: Path, network: torch.nn.Module) -> None:
        """Load the weights of a file into a network; how many threads it takes says `OMP_NUM_THREADS`.

        Raises:
            ModelFileUnfit: it is missing, broken, or of another network.
        """
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            with safe_open(str(file), framework="pt", device=self._device) as opened:
                told = opened.metadata() or {}
                self.inputs, self.outputs = (_specs(told[key]) for key in (INPUTS, OUTPUTS))
                network.load_state_dict({name: opened.get_tensor(name) for name in opened.keys()})  # noqa: SIM118
        except (OSError, SafetensorError, RuntimeError, LookupError, ValueError, TypeError) as error:
            raise ModelFileUnfit(f"{file.name}: {error}") from error
        self._network = network.to(self._device).eval()

    def run(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name; see the port."""
        check_arrays(self.inputs, arrays)
        tensors = [_tensor(arrays[spec.name]).to(self._device) for spec in self.inputs]
        with torch.inference_mode():
            said = self._network(*tensors)
        outputs = said if isinstance(said, tuple) else (said,)
        return {spec.name: each.cpu().numpy() for spec, each in zip(self.outputs, outputs, strict=True)}


def save_network(
    network: torch.nn.Module, file: Path, *, inputs: Sequence[ArraySpec], outputs: Sequence[ArraySpec]
) -> None:
    """Write the weights of a network, and what it takes and gives, each in the order of its own code."""
    told = {INPUTS: inputs, OUTPUTS: outputs}
    metadata = {key: json.dumps([_as_json(spec) for spec in specs]) for key, specs in told.items()}
    weights = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    save_file(weights, str(file), metadata=metadata)


def _as_json(spec: ArraySpec) -> dict[str, Any]:
    return {"name": spec.name, "dtype": spec.dtype, "shape": spec.shape}


def _specs(text: str) -> tuple[ArraySpec, ...]:
    return tuple(
        ArraySpec(name=spec["name"], dtype=spec["dtype"], shape=tuple(spec["shape"]))
        for spec in json.loads(text)
    )


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    # It would share memory that must not be written.
    return torch.from_numpy(np.require(array, requirements=("C", "W")))
