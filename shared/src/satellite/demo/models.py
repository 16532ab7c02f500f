"""The model of the demo: two versions that differ, each measured by asking it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from satellite.client import ModelVersion, SatelliteClient
from satellite.client.errors import Conflict
from satellite.contracts.model_version import CHAMPION

MODEL: Final = "demand-forecast"
LOADER: Final = "onnx-model"
EXAMPLE: Final = Path("onnx-model/example/model.onnx")
FACTOR: Final = b"\x00\x00\x00\x40"
"""The weight of the example, 2.0, as its file has it."""
BETTER_FACTOR: Final = b"\x00\x00\x20\x40"
"""2.5."""
NUMBERS: Final = {"type": "array", "items": {"type": "number"}}
SIGNATURE: Final = {"input": NUMBERS, "output": {"type": "array"}}
SOLD: Final = [3.0, 5.0, 8.0, 13.0]
SOLD_NEXT: Final = [7.4, 12.1, 19.3, 31.2]
DATA_NAME: Final = "shops.json"
ASKED: Final = 8


def fill_models(client: SatelliteClient, example: Path, *, timeout_s: float) -> list[ModelVersion]:
    """Register the model and its versions, ask and evaluate both, and let the first be the champion."""
    try:
        model = client.register_model(MODEL, SIGNATURE, description="How much a shop sells next month.")
    except Conflict:
        model = client.get_model(MODEL)
    with _files(example) as files:
        versions = [
            client.register_version(MODEL, {"model.onnx": file}, plugin_name=LOADER) for file in files
        ]
    for version in versions:
        _measure(client, version.version, timeout_s=timeout_s)
    for alias, version in ((CHAMPION, versions[0]), ("candidate", versions[1])):
        if alias not in model.aliases:
            client.move_alias(MODEL, alias, version.version)
    for number in range(ASKED):
        client.ask_model(MODEL, [float(number), number + 2.5], idempotency_key=f"demo-ask-{number}")
    return versions


@contextmanager
def _files(example: Path) -> Iterator[list[Path]]:
    """Yield the files of both versions: the example, and the same network with another weight."""
    content = example.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        better = Path(folder) / "model.onnx"
        better.write_bytes(content.replace(FACTOR, BETTER_FACTOR))
        yield [example, better]


def _measure(client: SatelliteClient, version: int, *, timeout_s: float) -> None:
    """Keep how far a version is off on what was sold, as its own answer says."""
    asked = client.ask_model(f"{MODEL}@{version}", SOLD, idempotency_key=f"demo-measure-{version}")
    forecast = client.wait(asked.job_id, timeout_s=timeout_s).result
    if not isinstance(forecast, list) or client.list_evaluations(MODEL, version).total:
        return
    errors = [abs(told - sold) for told, sold in zip(forecast, SOLD_NEXT, strict=True)]
    client.evaluate(
        MODEL, version, {"mae": round(sum(errors) / len(errors), 3), "worst": round(max(errors), 3)},
        data_digest=hashlib.sha256(json.dumps([SOLD, SOLD_NEXT]).encode()).hexdigest(),
        data_name=DATA_NAME, job_id=asked.job_id,
    )  # fmt: skip
