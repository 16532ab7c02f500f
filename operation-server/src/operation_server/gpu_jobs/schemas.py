"""Requests for GPU jobs, under the names of this API and under those of the earlier design."""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, model_validator

from operation_server.jobs.schemas import JobCreate
from satellite.contracts import numbers
from satellite.contracts.cluster_needs import CLUSTER_RUNTIME, ClusterName
from satellite.contracts.file_reference import FILE_KEY
from satellite.contracts.gpu_job import GPU_JOB, Argument, GpuJobInput, Variable
from satellite.contracts.requires import MOST_LABELS, GPUKind, Labels

UNITS_MIB: Final = {"M": 1, "G": 1_024, "T": 1_048_576}
SIZE: Final = re.compile(r"([0-9]{1,8}(?:\.[0-9]{1,3})?) ?([MGT])(?:i?B)?", re.IGNORECASE)
NEEDS: Final[tuple[str, ...]] = ("gpus", "gpu_memory_mib", "memory_mib", "cpus", "disk_mib")

EXAMPLE: Final[dict[str, Any]] = {
    "name": "resnet",
    "code": {"source": "git", "url": "https://git.example/team/resnet.git", "ref": "main"},
    "command": ["python", "train.py", "--epochs", "10"],
    "gpus": 2,
    "memory": "32G",
    "requirements": True,
    "environment": {"WANDB_MODE": "offline"},
}


def parse_size(stated: Any) -> Any:
    """Return the MiB of `32G`, `512 MiB` or a number, which is one of MiB."""
    if not isinstance(stated, str):
        return stated
    found = SIZE.fullmatch(stated.strip())
    if found is None:
        raise ValueError("must be a size such as 32G or 512M, or a number of MiB")
    return int(float(found[1]) * UNITS_MIB[found[2].upper()])


def _arguments(stated: Any) -> Any:
    """Split arguments that are one text as a shell would, without being one."""
    if not isinstance(stated, str):
        return stated
    try:
        return shlex.split(stated)
    except ValueError as error:
        raise ValueError(f"cannot be split into arguments: {error}") from error


class GpuJobCreate(JobCreate, GpuJobInput):
    """A job for a cluster: a command with its code and files, or another plugin's with its input."""

    model_config = ConfigDict(extra="forbid", frozen=False, json_schema_extra={"examples": [EXAMPLE]})

    plugin_name: str = Field(default=GPU_JOB, min_length=1, max_length=64)
    plugin_version: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        validation_alias=AliasChoices("plugin_version", "version"),
    )
    input_data: Any = Field(default=None, description="Of another plugin.")
    name: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, validation_alias=AliasChoices("name", "job_name")
    )
    command: list[Argument] | None = Field(  # type: ignore[assignment]
        default=None, min_length=1, max_length=1_000
    )
    gpus: Annotated[int, Field(ge=0, le=64), numbers.NUMBER] = Field(
        default=1, validation_alias=AliasChoices("gpus", "gpu_count")
    )
    memory: (
        Annotated[
            numbers.MemoryMib, BeforeValidator(parse_size, json_schema_input_type=str | numbers.MemoryMib)
        ]
        | None
    ) = Field(default=None, description="Of the node, such as `32G`; or say `memory_mib`.", examples=["32G"])
    environment: dict[Variable, Argument] = Field(
        default_factory=dict,
        max_length=200,
        validation_alias=AliasChoices("environment", "environment_variables"),
    )
    cluster: ClusterName | None = Field(default=None, description="Only this one.")
    labels: Labels = Field(default_factory=dict, description="Only clusters that have all of these.")
    gpu_kind: GPUKind | None = Field(default=None, description="As `requires.gpu_kind`.")
    entry_script: str | None = Field(
        default=None, max_length=500, description="`python` runs it, with `script_arguments`."
    )
    script_arguments: Annotated[
        list[Argument], BeforeValidator(_arguments, json_schema_input_type=list[str] | str)
    ] = Field(default=[], max_length=1_000)
    code_source: Literal["git", "local", "existing"] | None = Field(
        default=None, description="With `source_path`, as the earlier design has it; or say `code`."
    )
    source_path: str | None = Field(
        default=None, max_length=2_000, description="An address of git, the id of a file, or a path there."
    )

    @model_validator(mode="after")
    def _labels_are_few(self) -> Self:
        if len({*self.labels, *self.requires.labels}) > MOST_LABELS:
            raise ValueError(f"labels and requires.labels are more than {MOST_LABELS} together")
        return self

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.plugin_name != GPU_JOB:
            return self
        if self.input_data is not None:
            raise ValueError(f"input_data is for other plugins; say what {GPU_JOB} runs by command")
        if (self.command is None) == (self.entry_script is None):
            raise ValueError("say command, or entry_script with script_arguments")
        if self.memory is not None and self.memory_mib is not None:
            raise ValueError("say memory or memory_mib")
        if (self.code_source is None) != (self.source_path is None):
            raise ValueError("code_source and source_path are said together")
        if self.code is not None and self.code_source is not None:
            raise ValueError("say code, or code_source with source_path")
        return self

    def needs_stated(self) -> dict[str, Any]:
        """Return what a cluster must have, as far as it is stated."""
        stated = {name: getattr(self, name) for name in NEEDS if name in self.model_fields_set}
        return stated if self.memory is None else stated | {"memory_mib": self.memory}

    def requires_stated(self) -> dict[str, Any]:
        """Return what the job requires, all that `requires` says among it."""
        stated = self.requires.model_dump(exclude_unset=True)
        own = {"labels": {**stated.get("labels", {}), **self.labels}, "gpu_kind": self.gpu_kind}
        stated |= {name: value for name, value in own.items() if value}
        return stated | {"runtime": CLUSTER_RUNTIME}

    def input_stated(self) -> dict[str, Any]:
        """Return the input of `gpu-job`."""
        fields = set(GpuJobInput.model_fields) & self.model_fields_set
        stated = self.model_dump(mode="json", include=fields, by_alias=True, exclude_unset=True)
        if self.entry_script is not None:
            # Not `-u` and a script that may look like an option: it is refused by the pattern of paths.
            stated["command"] = ["python", self.entry_script, *self.script_arguments]
        if self.code_source is not None:
            stated["code"] = self._code_stated()
        return stated | ({} if self.memory is None else {"memory_mib": self.memory})

    def _code_stated(self) -> dict[str, Any]:
        where = self.source_path
        if self.code_source == "git":
            return {"source": "git", "url": where}
        if self.code_source == "local":
            return {"source": "local", "file": {FILE_KEY: where}}
        return {"source": "existing", "path": where}
