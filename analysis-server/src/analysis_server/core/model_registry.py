"""The registry of models; the same one as in plugin images."""

from __future__ import annotations

from satellite.plugin.model import ModelRegistry, model_registry

__all__ = ["ModelRegistry", "model_registry"]
