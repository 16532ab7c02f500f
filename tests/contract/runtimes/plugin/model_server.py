"""A model that multiplies by what stands in a file of its version."""

import contextlib
import json
import os

from satellite.plugin.model import BaseModel, run_model


class Multiplier(BaseModel):
    def load(self) -> None:
        self.factor = json.loads((self.files / "factor.json").read_bytes())

    def predict(self, data: float) -> dict:
        return {"answer": self.factor * data, "process": os.getpid(), "writable": self._can_write()}

    def _can_write(self) -> bool:
        with contextlib.suppress(OSError):
            (self.files / "factor.json").write_text("0")
            return True
        return False


if __name__ == "__main__":
    run_model(Multiplier)
