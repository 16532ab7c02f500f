"""What a plugin or a job requires of the worker that runs it, beside resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from satellite.contracts.cluster_needs import CLUSTER_RUNTIME, ClusterNeeds

MOST_LABELS: Final = 8
DEFAULT_QUEUE: Final = "default"
"""The queue of workers and jobs that name none."""

RuntimeName = Literal["container", "process", "kubernetes", "cluster"]
QueueName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]
LabelKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$")]
LabelValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]
GPUKind = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?$")]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=MOST_LABELS)]


class Requires(BaseModel):
    """What a worker must be, wherever something is said; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # What is left open is left out, so that a field added later changes no digest of a manifest.
    queue: QueueName | None = Field(
        default=None,
        exclude_if=lambda queue: queue is None,
        description="Only workers that serve this queue; by default those that serve `default`.",
    )
    runtime: RuntimeName | None = Field(
        default=None,
        exclude_if=lambda runtime: runtime is None,
        description="Only workers that have this runtime.",
    )
    labels: Labels = Field(
        default_factory=dict,
        exclude_if=lambda labels: not labels,
        description="Only workers that have all of these labels.",
    )
    gpu_kind: GPUKind | None = Field(
        default=None,
        exclude_if=lambda kind: kind is None,
        description="Only workers all of whose cards have these words in their names, such as `A100`.",
    )

    cluster: ClusterNeeds | None = Field(
        default=None,
        exclude_if=lambda needs: needs is None,
        description="What it needs of a cluster; only with the runtime `cluster`.",
    )

    @property
    def queue_name(self) -> str:
        """Return the queue, the default one where none is named."""
        return self.queue or DEFAULT_QUEUE

    def narrowed_by(self, job: Requires) -> Requires:
        """Return what a job requires of a plugin that requires this; `conflicts` finds nothing with it."""
        if job == ANYWHERE:
            return self
        return Requires(
            queue=job.queue or self.queue,
            runtime=job.runtime or self.runtime,
            labels={**self.labels, **job.labels},
            gpu_kind=job.gpu_kind or self.gpu_kind,
            cluster=_narrowed(self.cluster, job.cluster),
        )

    def conflicts(self, job: Requires, *, has_gpus: bool) -> Iterator[tuple[str, str]]:
        """Yield the fields, as JSON pointers, in which a job asks for what this does not allow, and why."""
        if job.queue and self.queue not in {None, job.queue}:
            yield "/queue", f"is {job.queue}; the plugin requires {self.queue}"
        if job.runtime and self.runtime not in {None, job.runtime}:
            yield "/runtime", f"is {job.runtime}; the plugin requires {self.runtime}"
        if job.runtime == "process" and self.runtime is None:
            # It keeps nobody apart, so it is the plugin's to require, which an admin has registered.
            yield "/runtime", "may be process only for a plugin that requires it"
        for key in sorted(job.labels.keys() & self.labels.keys()):
            if job.labels[key] != self.labels[key]:
                pointer = key.replace("/", "~1")
                yield f"/labels/{pointer}", f"is {job.labels[key]}; the plugin requires {self.labels[key]}"
        yield from self._cluster_conflicts(job)
        if job.gpu_kind and not (has_gpus or _asks_for_cards(job.cluster)):
            yield "/gpu_kind", "is required of cards, and the plugin asks for none"
        if job.gpu_kind and self.gpu_kind and not is_of_kind(job.gpu_kind, self.gpu_kind):
            yield "/gpu_kind", f"is {job.gpu_kind}; the plugin requires {self.gpu_kind}"
        if len({*self.labels, *job.labels}) > MOST_LABELS:
            yield "/labels", f"are, with those of the plugin, more than {MOST_LABELS}"

    def _cluster_conflicts(self, job: Requires) -> Iterator[tuple[str, str]]:
        if job.cluster is None:
            return
        if (job.runtime or self.runtime) != CLUSTER_RUNTIME:
            yield "/cluster", f"is for the runtime {CLUSTER_RUNTIME}, which is not required"
        name = self.cluster.name if self.cluster else None
        if job.cluster.name and name not in {None, job.cluster.name}:
            yield "/cluster/name", f"is {job.cluster.name}; the plugin requires {name}"


ANYWHERE: Final = Requires()


def is_of_kind(name: str, kind: str) -> bool:
    """Tell whether a card's name has the words of a kind in it; `NVIDIA L40` is an `l40` and no `L4`."""
    return f"-{_words(kind)}-" in f"-{_words(name)}-"


def _narrowed(needs: ClusterNeeds | None, job: ClusterNeeds | None) -> ClusterNeeds | None:
    return needs.narrowed_by(job) if needs and job else job or needs


def _asks_for_cards(needs: ClusterNeeds | None) -> bool:
    return needs is not None and bool(needs.gpus)


def _words(name: str) -> str:
    return "-".join("".join(each if each.isalnum() else " " for each in name.lower()).split())
