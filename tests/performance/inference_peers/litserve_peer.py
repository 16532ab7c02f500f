"""LitServe: one process for HTTP, one for the model, as its documentation shows."""

from __future__ import annotations

import sys
from typing import Any

import litserve
from network import Network


class Lstm(litserve.LitAPI):
    """Answers forecasts."""

    def setup(self, device: str) -> None:
        """Load."""
        del device
        self.network = Network()

    # LitServe takes an annotation that it does not know for a parameter of the query.
    def decode_request(self, request):  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Return the series."""
        return request["data"]

    def predict(self, series: list[float]) -> list[float]:
        """Forecast."""
        return self.network.forecast(series)

    def encode_response(self, output: list[float]) -> dict[str, Any]:
        """Return the answer."""
        return {"forecast": output}


if __name__ == "__main__":
    server = litserve.LitServer(Lstm(), accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[1]), host="127.0.0.1", num_api_servers=1, generate_client_file=False,
               log_level="error")  # fmt: skip
