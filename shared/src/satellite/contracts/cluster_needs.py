"""What a job needs of a cluster: all of it on one node, besides disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from satellite.contracts import numbers

if TYPE_CHECKING:
    from satellite.contracts.plugin_manifest import PluginResources

CLUSTER_RUNTIME: Final = "cluster"
CLUSTER_LABEL: Final = "cluster"
"""The label by which the worker of a cluster says which one it is for."""

ClusterName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]


class ClusterNeeds(BaseModel):
    """What a job needs of a cluster; what is left open its plugin says. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # What is left open is left out, so that a field added later changes no digest of a manifest.
    gpus: Annotated[int, Field(ge=0, le=64), numbers.NUMBER] | None = Field(
        default=None, exclude_if=lambda value: value is None, description="Whole cards of one node."
    )
    gpu_memory_mib: numbers.GpuMemoryMib | None = Field(
        default=None, exclude_if=lambda value: value is None, description="Of each card."
    )
    memory_mib: numbers.MemoryMib | None = Field(default=None, exclude_if=lambda value: value is None)
    cpus: numbers.Cpus | None = Field(default=None, exclude_if=lambda value: value is None)
    disk_mib: Annotated[int, Field(ge=1, le=numbers.LARGEST_MIB), numbers.NUMBER] | None = Field(
        default=None, exclude_if=lambda value: value is None, description="Free in the cluster's folder."
    )
    name: ClusterName | None = Field(
        default=None, exclude_if=lambda value: value is None, description="Only this cluster."
    )

    def or_of(self, resources: PluginResources) -> ClusterNeeds:
        """Return the needs, with what they leave open as the resources of the plugin say it."""
        return ClusterNeeds.of(resources).narrowed_by(self)

    @classmethod
    def of(cls, resources: PluginResources) -> ClusterNeeds:
        """Return what a plugin needs by its resources; a part of a card is a card."""
        return cls(
            gpus=max(1, int(resources.gpus)) if resources.gpus else 0,
            gpu_memory_mib=resources.gpu_memory_mib,
            memory_mib=resources.memory_mib,
            cpus=resources.cpus,
        )

    def narrowed_by(self, job: ClusterNeeds) -> ClusterNeeds:
        """Return these needs, with what a job says in the place of what they say."""
        return ClusterNeeds.model_validate(
            self.model_dump(exclude_none=True) | job.model_dump(exclude_none=True)
        )
