"""Writes the files of a version: the network, its golden examples, and how good it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch

from analysis_server.models.catalog import METRICS_FILE
from analysis_server.models.onnx_model import MODEL_FILE
from satellite.plugin.model.answering import Steps
from satellite.plugin.model.base import BaseModel
from satellite.plugin.model.golden import FILE as GOLDEN_FILE

Model = TypeVar("Model", bound=BaseModel)


def write_version(
    folder: Path,
    network: torch.nn.Module,
    *,
    example: torch.Tensor,
    inputs: Mapping[str, dict[int, str]],
    outputs: Mapping[str, dict[int, str]],
    model: Callable[[Path], Model],
    golden: Sequence[dict[str, Any]],
    measure: Callable[[Model], dict[str, float]],
) -> dict[str, float]:
    """Write the files of a version into a folder and return its metrics.

    `inputs` and `outputs` name its arrays, and of each the axes that may have any length. `golden` are
    requests, and `measure` is given the model as it will be served: examples and metrics are those of what
    is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        (example,),
        str(folder / MODEL_FILE),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_axes={**inputs, **outputs},
        dynamo=False,
    )
    served = model(folder)
    served.load()
    answers = Steps.of(served).answer_all(golden)
    examples = [{"input": request, "output": answer} for request, answer in zip(golden, answers, strict=True)]
    (folder / GOLDEN_FILE).write_text(json.dumps(examples))
    metrics = measure(served)
    (folder / METRICS_FILE).write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics
