"""What models are derived from; the same classes as in plugin images."""

from __future__ import annotations

from satellite.plugin.model.base import BaseModel, BatchModel

__all__ = ["BaseModel", "BatchModel"]
