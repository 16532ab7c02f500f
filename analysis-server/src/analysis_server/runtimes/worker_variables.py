"""What the worker's environment says besides its settings, read once and handed on by value.

Plugins are run by a process that Ray starts, whose own environment is that of Ray.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from analysis_server.runtimes.container.engine_address import EngineAddress
from analysis_server.runtimes.process.environment import uv_variables
from analysis_server.runtimes.run.plugin_input import PluginSecrets


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerVariables:
    """The secrets of plugins, where the engine is, and what uv is given; nothing where nothing was read."""

    secrets: PluginSecrets = field(default_factory=PluginSecrets)
    engine: EngineAddress = field(default_factory=EngineAddress)
    uv: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Take what an environment says, by default this process's."""
        environ = os.environ if environ is None else environ
        return cls(
            secrets=PluginSecrets.read(environ),
            engine=EngineAddress.read(environ),
            uv=uv_variables(environ),
        )
