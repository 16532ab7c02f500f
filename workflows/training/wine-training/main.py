"""Writes a linear classifier as ONNX, with what the registry wants to know of it."""

from __future__ import annotations

import json
from typing import Any

from linear_onnx import linear_classifier

from satellite.plugin import InputRefused, output_dir, plugin, run


@plugin
def register(request: dict) -> dict:
    weights, bias = request["weights"], request["bias"]
    if any(len(row) != len(bias) for row in weights):
        raise InputRefused("each row of the weights needs one number for each of the bias")
    folder = output_dir()
    (folder / "model.onnx").write_bytes(linear_classifier(weights, bias))
    (folder / "golden.json").write_text(json.dumps(request["golden"]))
    (folder / "metrics.json").write_text(json.dumps(request["metrics"]))
    (folder / "signature.json").write_text(json.dumps(signature(len(weights), len(bias))))
    return {"measurements": len(weights), "classes": len(bias)}


def signature(measurements: int, classes: int) -> dict[str, Any]:
    return {"input": table(measurements), "output": table(classes)}


def table(columns: int) -> dict[str, Any]:
    row = {"type": "array", "items": {"type": "number"}, "minItems": columns, "maxItems": columns}
    return {"type": "array", "items": row, "minItems": 1}


if __name__ == "__main__":
    run(register)
