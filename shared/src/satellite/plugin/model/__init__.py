"""What the author of a model imports: a base class, a registry, and one call that serves a model.

    from satellite.plugin.model import BaseModel, model_registry, run_model

    @model_registry.register("double")
    class Double(BaseModel):
        def predict(self, data):
            return [2 * number for number in data]

    if __name__ == "__main__":
        run_model("double")

Standard library only, like all of `satellite.plugin`.
"""

from __future__ import annotations

from satellite.plugin.model.base import BaseModel
from satellite.plugin.model.errors import GoldenExampleMissed, ModelUnknown
from satellite.plugin.model.registry import ModelRegistry, model_registry
from satellite.plugin.model.serving import run_model

__all__ = [
    "BaseModel",
    "GoldenExampleMissed",
    "ModelRegistry",
    "ModelUnknown",
    "model_registry",
    "run_model",
]
