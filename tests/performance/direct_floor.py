"""What the direct lane is compared with: FastAPI with the model in its own process, without keys and checks.

`python -m tests.performance.direct_floor serve PORT` serves it; `… bare SECONDS` calls the bare engine and
prints how often it has computed a map of 256 x 256.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from analysis_server.models.segmentation.map_segmentation import MapSegmentation
from analysis_server.models.timeseries.lstm_timeseries import LSTMTimeseries
from satellite.plugin.model.answering import Steps


class Asked(BaseModel):
    """A request."""

    data: list[float]
    config: dict[str, Any] = {}


class Forecast(BaseModel):
    """An answer."""

    forecast: list[float]


def make_app() -> FastAPI:
    """Return an application with one route."""
    app = FastAPI()
    model = LSTMTimeseries()
    model.load()
    steps = Steps.of(model)

    @app.post("/predict")
    async def predict(asked: Asked) -> Forecast:
        (answer,) = steps.answer_all([{"data": asked.data, "config": asked.config}])
        return Forecast(**answer)

    return app


def bare(seconds: float) -> float:
    """Return how often a second the engine computes."""
    model = MapSegmentation()
    model.load()
    image = np.zeros((1, 3, 256, 256), dtype=np.float32)
    model.engine.run({"images": image})
    began, count = time.perf_counter(), 0
    while (took_s := time.perf_counter() - began) < seconds:
        model.engine.run({"images": image})
        count += 1
    return count / took_s


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port]:
            uvicorn.run(make_app(), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
        case ["bare", seconds]:
            print(bare(float(seconds)))
