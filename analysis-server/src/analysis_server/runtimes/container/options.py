"""What the settings of a worker say of the isolation of containers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOptions:
    """Which of the engine's runtimes and networks plugins get."""

    oci_runtime: str | None = None
    """The engine's default where it is None."""
    network: str | None = None
    """A network of the engine for plugins that may have one; for None the worker makes and fences one."""
