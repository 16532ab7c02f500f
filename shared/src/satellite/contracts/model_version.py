"""Versions of models: how they are named, and what of one travels to the worker that loads it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

from pydantic import Field, StringConstraints

from satellite.contracts.attempt_files import RESULT_NAME, GrantedFile, InputFile
from satellite.contracts.message import Message

MODEL_NAME_PATTERN: Final = r"^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$"
"""That of `satellite.plugin.model.registry`, so that a class and its model have one name."""
ALIAS_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,62}$"
"""Begins with a letter, so that no alias is taken for the number of a version."""
ROLE_PATTERN: Final = r"^[a-z0-9][a-z0-9_.-]{0,62}\.(onnx|safetensors|json)$"
"""Of a file of a version: the name under which whoever loads the version finds it."""
DIGEST_PATTERN: Final = r"^[0-9a-f]{64}$"
"""A SHA-256 in hexadecimal: of a version's files, or of the data that it is evaluated on."""
CHAMPION: Final = "champion"
FILES_MAX: Final = 16
"""Of one version: all of them travel in the message of each of its jobs."""
METRICS_NAME: Final = "metrics.json"
SIGNATURE_NAME: Final = "signature.json"
"""Beside the files of a version: what is told of it, and is no part of it."""
_REFERENCE: Final = re.compile(r"(?P<name>[^@]+)(@(?P<which>[^@]+))?")

ModelName = Annotated[str, StringConstraints(pattern=MODEL_NAME_PATTERN)]
Alias = Annotated[str, StringConstraints(pattern=ALIAS_PATTERN)]
DataDigest = Annotated[str, StringConstraints(pattern=DIGEST_PATTERN)]
MetricName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Role = Annotated[str, StringConstraints(pattern=ROLE_PATTERN)]


class ModelReference(NamedTuple):
    """What a request calls a model: its name, and a version, an alias or neither."""

    name: str
    version: int | None = None
    alias: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelReference | None:
        """Return what `name`, `name@alias` or `name@3` means, None where it is none of them."""
        found = _REFERENCE.fullmatch(text)
        if found is None or not re.fullmatch(MODEL_NAME_PATTERN, found["name"]):
            return None
        which = found["which"]
        if which is None:
            return cls(found["name"])
        if re.fullmatch(r"[1-9][0-9]{0,8}", which):
            return cls(found["name"], version=int(which))
        return cls(found["name"], alias=which) if re.fullmatch(ALIAS_PATTERN, which) else None


class JobModel(Message):
    """The version of a model that a job asks, as it is kept with the job."""

    name: str
    version: int
    digest: str = Field(description="Of all its files, see `artifact_digest`.")
    files: list[InputFile] = Field(description="Each is named by its role.")

    @property
    def label(self) -> str:
        """Return how people and answers call it."""
        return f"{self.name}@{self.version}"


class GrantedModel(Message):
    """The version of a model that the worker of an attempt loads."""

    name: str
    version: int
    digest: str = Field(description="Of all its files; two versions are two servers.")
    files: list[GrantedFile] = Field(description="Each is named by its role.")
    output_schema_json: str = Field(
        default="{}", description="Of its signature: what its answers obey beside the plugin's own schema."
    )


def is_version_file(name: str) -> bool:
    """Tell whether what a training has written under a name is a file of the version that it makes."""
    return bool(re.fullmatch(ROLE_PATTERN, name)) and name not in {METRICS_NAME, SIGNATURE_NAME, RESULT_NAME}


def artifact_digest(sha256_by_role: Mapping[str, str]) -> str:
    """Return the SHA-256 over the files of a version, in hexadecimal; their order does not matter."""
    told = json.dumps(dict(sha256_by_role), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
