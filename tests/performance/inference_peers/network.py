"""What every peer serves: the network of the example model, on one thread."""

from __future__ import annotations

import os
from typing import Final

import numpy as np
import onnxruntime

VALUES: Final = 72


class Network:
    """The network, loaded from the file that `PEER_MODEL` names."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(os.environ["PEER_MODEL"], options)

    def forecast(self, series: list[float]) -> list[float]:
        """Return the 24 values that follow 72."""
        values = np.asarray(series, dtype=np.float32).reshape(1, VALUES, 1)
        (forecast,) = self._session.run(None, {"series": values})
        told: list[float] = forecast[0].tolist()
        return told
