"""BentoML: a service with one worker, begun by its own command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bentoml
from network import Network


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Lstm:
    """Answers forecasts."""

    def __init__(self) -> None:
        self.network = Network()

    @bentoml.api
    def predict(self, data: list[float]) -> list[float]:
        """Forecast."""
        return self.network.forecast(data)


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    command = Path(sys.executable).with_name("bentoml")
    os.execv(command, [command, "serve", "bentoml_peer:Lstm", "--port", sys.argv[1], "--host", "127.0.0.1"])
