"""MLServer: a runtime of our own, as its documentation shows, in the process that answers HTTP."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from network import Network

PORTS = ("http_port", "grpc_port", "metrics_port")


class Lstm(MLModel):
    """Answers forecasts."""

    async def load(self) -> bool:
        """Load."""
        self.network = Network()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Forecast."""
        series = NumpyCodec.decode_input(payload.inputs[0])
        forecast = np.asarray([self.network.forecast(series)], dtype=np.float32)
        output = NumpyCodec.encode_output("forecast", forecast)
        return InferenceResponse(model_name=self.name, outputs=[output])


if __name__ == "__main__":
    port = int(sys.argv[1])
    folder = Path(tempfile.mkdtemp(prefix="peer-mlserver-"))
    ports = {name: port + place for place, name in enumerate(PORTS)}
    settings = ports | {"host": "127.0.0.1", "parallel_workers": 0, "debug": False}
    (folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "lstm", "implementation": "mlserver_peer.Lstm"}
    (folder / "model-settings.json").write_text(json.dumps(model))
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    command = Path(sys.executable).with_name("mlserver")
    os.execv(command, [command, "start", folder])
