"""What the built-in plugin `gpu-job` is given: one command with its code and files, for a cluster to run.

Its `plugin.json` says in JSON Schema what that can say of it, made by `satellite.contracts.gpu_job_schema`;
the rest is checked by this model at every door. Nothing of it ever becomes shell syntax.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from satellite.contracts import gpu_job_places as places
from satellite.contracts import numbers
from satellite.contracts.cluster_needs import ClusterNeeds
from satellite.contracts.file_reference import FILE_FORMAT, FILE_KEY
from satellite.contracts.requires import ANYWHERE, Requires

GPU_JOB: Final = "gpu-job"
RESERVED_VARIABLES: Final = (
    "JOB_ID", "OUTPUT_DIR", "LOG_DIR", "CHECKPOINT_DIR", "CUDA_VISIBLE_DEVICES", "PATH", "HOME",
    "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV", "ENV", "IFS", "PYTHONSTARTUP",
)  # fmt: skip
"""Of the job itself, or such as would run something else before it."""

RelativePath = Annotated[str, StringConstraints(pattern=places.RELATIVE_PATH, max_length=500)]
ExistingPath = Annotated[str, StringConstraints(pattern=places.EXISTING_PATH, max_length=1_000)]
Variable = Annotated[str, StringConstraints(pattern=places.VARIABLE, max_length=100)]
Argument = Annotated[str, StringConstraints(pattern=places.TEXT, max_length=131_072)]
ENVIRONMENT_BYTES_MAX: Final = 1_000_000
"""Of all arguments and variables: what a process of Linux is given has an end."""


class Part(BaseModel):
    """A part of the input: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class StoredFile(Part):
    """A file that was stored before."""

    id: str = Field(alias=FILE_KEY, min_length=1, max_length=64)


FileReference = Annotated[StoredFile, WithJsonSchema({"format": FILE_FORMAT})]
Files = Annotated[dict[RelativePath, FileReference], Field(max_length=100)]


class GitCode(Part):
    """Code that the cluster clones; the commit is told with the result."""

    source: Literal["git"]
    url: Annotated[str, StringConstraints(pattern=places.GIT_URL, max_length=2_000)]
    ref: Annotated[str, StringConstraints(pattern=places.GIT_REF, max_length=200)] | None = None


class LocalCode(Part):
    """Code that was stored as a file: a tar, which may be compressed by gzip."""

    source: Literal["local"]
    file: FileReference


class ExistingCode(Part):
    """Code that is on the cluster, below one of the folders that its admin allows."""

    source: Literal["existing"]
    path: ExistingPath


Code = Annotated[GitCode | LocalCode | ExistingCode, Field(discriminator="source")]


class GpuJobInput(Part):
    """The input of a GPU job; what it needs of the cluster is said here and nowhere else."""

    name: Annotated[str, StringConstraints(pattern=places.LABEL, max_length=200)] | None = None
    code: Code | None = None
    command: Annotated[list[Argument], Field(min_length=1, max_length=1_000)]
    gpus: Annotated[int, Field(ge=0, le=64), numbers.NUMBER] = 1
    gpu_memory_mib: numbers.GpuMemoryMib = 0
    memory_mib: numbers.MemoryMib | None = None
    cpus: numbers.Cpus | None = None
    disk_mib: Annotated[int, Field(ge=1, le=numbers.LARGEST_MIB), numbers.NUMBER] | None = None
    environment: Annotated[dict[Variable, Argument], Field(max_length=200)] = Field(default_factory=dict)
    secrets: Annotated[list[Variable], Field(max_length=100)] = Field(default=[])
    time_limit_s: numbers.TimeoutS | None = Field(default=None, description="By the clock of the cluster.")
    requirements: StrictBool | RelativePath = Field(
        default=False,
        description="Install `requirements.txt` of the code, or this file of it, once per content.",
    )
    data: Files = Field(default_factory=dict, description="Files below `data`, by their paths there.")
    models: Files = Field(default_factory=dict, description="Files below `models`, by their paths there.")
    kill_grace_s: Annotated[float, Field(ge=0, le=600), numbers.NUMBER] = 10

    @property
    def needs(self) -> ClusterNeeds:
        """Return what a cluster must have for it."""
        return ClusterNeeds(
            gpus=self.gpus,
            gpu_memory_mib=self.gpu_memory_mib or None,
            memory_mib=self.memory_mib,
            cpus=self.cpus,
            disk_mib=self.disk_mib,
        )

    @property
    def requirements_path(self) -> str | None:
        """Return the file of requirements, relative to the code."""
        if isinstance(self.requirements, str):
            return self.requirements
        return "requirements.txt" if self.requirements else None

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        names = [*self.environment, *self.secrets]
        taken = [name for name in names if names.count(name) > 1]
        if taken:
            raise ValueError(f"{taken[0]} is named twice, in environment or secrets")
        reserved = [name for name in names if name in RESERVED_VARIABLES]
        if reserved:
            raise ValueError(f"{reserved[0]} is a variable of the job itself; call yours otherwise")
        return self

    @model_validator(mode="after")
    def _fits_a_process(self) -> Self:
        command = self.command or []
        texts = [*command, *self.environment, *self.environment.values()]
        if sum(len(text.encode()) + 1 for text in texts) > ENVIRONMENT_BYTES_MAX:
            raise ValueError(f"command and environment are more than {ENVIRONMENT_BYTES_MAX} bytes together")
        if command and not command[0]:
            raise ValueError("command begins with nothing; it begins with a program")
        return self

    @model_validator(mode="after")
    def _paths_are_apart(self) -> Self:
        for files in (self.data, self.models):
            for path in files:
                inside = next((each for each in _folders(path) if each in files), None)
                if inside is not None:
                    raise ValueError(f"{inside} is a file and cannot be the folder of {path}")
        return self


def required(input_data: Any, requires: Requires = ANYWHERE) -> Requires:
    """Return what a GPU job requires of its worker: what is stated, and what its input needs.

    Raises:
        ValidationError: the input is none; what its schema cannot say is looked at here too.
    """
    needs = GpuJobInput.model_validate(input_data).needs
    stated = requires.cluster or ClusterNeeds()
    # Validated again, because a copy is not.
    return Requires.model_validate(requires.model_dump() | {"cluster": stated.narrowed_by(needs)})


def _folders(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
