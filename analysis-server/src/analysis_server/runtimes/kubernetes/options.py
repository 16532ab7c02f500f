"""What the settings of a worker say of the pods of plugins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesOptions:
    """Where pods are made, and of what."""

    namespace: str = "satellite-plugins"
    entry_image: str = "satellite/analysis-server:0.1.0"
    """An image with `pod-entry`, such as the worker's own."""
    kubeconfig: Path | None = None
    """How the API server is reached; for None as a pod does."""
    scheduling_timeout_s: float = 300
    """How long a run waits for a node with room for it."""
