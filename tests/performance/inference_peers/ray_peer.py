"""Ray Serve: one replica behind its proxy."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import ray
from network import Network
from ray import serve
from starlette.requests import Request


@serve.deployment(num_replicas=1)
class Lstm:
    """Answers forecasts."""

    def __init__(self) -> None:
        self.network = Network()

    async def __call__(self, request: Request) -> dict[str, Any]:
        """Forecast."""
        asked = await request.json()
        return {"forecast": self.network.forecast(asked["data"])}


if __name__ == "__main__":
    # Else Ray leaves a token in ~/.ray, and every other Ray of this user wants it from then on.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, configure_logging=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Lstm.bind(), route_prefix="/predict", blocking=False)
    signal.pause()
