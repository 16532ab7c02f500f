"""MLflow: a Python model, saved and served by its own command with one worker."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from network import Network


class Lstm(mlflow.pyfunc.PythonModel):
    """Answers forecasts."""

    def load_context(self, context: Any) -> None:
        """Load."""
        del context
        self.network = Network()

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[list[float]]:
        """Forecast each series."""
        del context, params
        return [self.network.forecast(series) for series in np.asarray(model_input)]


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="peer-mlflow-")) / "model"
    here = Path(__file__).parent
    mlflow.pyfunc.save_model(
        str(folder), python_model=Lstm(), code_paths=[str(here / "network.py")], pip_requirements=[]
    )
    command = Path(sys.executable).with_name("mlflow")
    os.environ["PATH"] = f"{command.parent}:{os.environ['PATH']}"
    os.execv(command, [command, "models", "serve", "-m", folder, "--env-manager", "local", "--workers", "1",
                       "--port", sys.argv[1], "--host", "127.0.0.1"])  # fmt: skip
