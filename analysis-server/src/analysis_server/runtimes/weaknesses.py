"""What the isolation of a worker does not stop: asked once at its start, then told in logs and heartbeats."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from typing import Final

from analysis_server.runtimes.container.creation import check_engine
from analysis_server.runtimes.container.engine import ENGINE_FAULTS, probe_client
from analysis_server.runtimes.container.engine_traits import EngineTraits
from analysis_server.runtimes.container.options import ContainerOptions
from analysis_server.runtimes.process.sandbox import ProcessSandbox
from satellite.container_engine.address import EngineAddress
from satellite.contracts.requires import RuntimeName

OF_PODS: Final = (
    "Whether plugins reach the network is up to NetworkPolicies, which not all clusters enforce.",
    "What plugins write, secrets included, is in their nodes' logs until their pods are deleted.",
)
_UNREMOVED: Final = (
    "What a plugin writes for its job and closes to others stays on the disk, because the worker is not root."
)


def find_weaknesses(
    runtimes: Collection[RuntimeName], *, engine: EngineAddress, containers: ContainerOptions
) -> list[str]:
    """Return a sentence for each thing that plugins of these runtimes are not kept from.

    Raises:
        EngineUnfit: the settings demand what the engine lacks.
    """
    found = list(_of_containers(engine, containers)) if "container" in runtimes else []
    if "kubernetes" in runtimes:
        found += OF_PODS
    return [*found, *ProcessSandbox.detect().weaknesses()] if "process" in runtimes else found


def _of_containers(engine: EngineAddress, options: ContainerOptions) -> Iterator[str]:
    try:
        with contextlib.closing(probe_client(engine)) as client:
            traits = EngineTraits.read(client)
    except ENGINE_FAULTS:
        yield "The container engine does not answer, so nothing is known of its faults."
        return
    check_engine(traits, options)
    yield from traits.weaknesses()
    if os.geteuid() != 0:
        yield _UNREMOVED
    if options.network is not None:
        yield f"Plugins with `network` reach what the engine's network {options.network!r} leads to."
