"""A model that may be asked: its signature, and what its requests have in common."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from analysis_server.inference.errors import InputInvalid
from analysis_server.inference.settings import InferenceSettings
from analysis_server.models.catalog import ModelSource
from analysis_server.runtimes.port import RunRequest
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.plugin.model.golden import FILE as GOLDEN_FILE
from satellite.schemas.compiled import CompiledSchema

RESULT_BYTES_MAX: Final = 64 * 2**20
NO_UID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model of the direct lane."""

    source: ModelSource
    signature: dict[str, Any]
    manifest: PluginManifest
    schema: CompiledSchema
    template: RunRequest

    @classmethod
    def of(cls, source: ModelSource, manifest: PluginManifest, settings: InferenceSettings) -> Self:
        """Return the model that a manifest was made for."""
        template = RunRequest(
            job_id=0,
            attempt=1,
            uid=NO_UID,
            owner_id=0,
            worker="inference",
            plugin_digest=manifest.digest(),
            manifest_json=manifest.model_dump_json(),
            input_json=b"",
            timeout_s=settings.timeout_s,
            max_result_bytes=RESULT_BYTES_MAX,
            max_log_bytes=0,
            stack_id=settings.stack_id,
        )
        schema = CompiledSchema(manifest.input_schema)
        return cls(
            source=source,
            signature=source.signature(),
            manifest=manifest,
            schema=schema,
            template=template,
        )

    @property
    def name(self) -> str:
        """Return the name that callers know."""
        return self.source.name

    @property
    def version(self) -> str:
        """Return the version."""
        return self.manifest.version

    def check(self, request: object) -> None:
        """Let a request pass that fits; raise `InputInvalid` for another."""
        if not self.schema.is_valid(request):
            raise InputInvalid(self.schema.faults(request, list_all=True))

    def request(self, number: int, input_json: bytes, gpu_ids: tuple[str, ...]) -> RunRequest:
        """Return what its process is asked, on these cards."""
        # By hand: `dataclasses.replace` looks at each field, and takes a tenth of what a small model does.
        template = self.template
        return RunRequest(
            job_id=number,
            attempt=1,
            uid=NO_UID,
            owner_id=template.owner_id,
            worker=template.worker,
            plugin_digest=template.plugin_digest,
            manifest_json=template.manifest_json,
            input_json=input_json,
            timeout_s=template.timeout_s,
            gpu_ids=gpu_ids,
            max_result_bytes=template.max_result_bytes,
            max_log_bytes=template.max_log_bytes,
            stack_id=template.stack_id,
        )

    def first_golden(self) -> bytes:
        """Return a request that it can answer, such as to load it."""
        file = self.source.files / GOLDEN_FILE
        examples = json.loads(file.read_bytes()) if file.is_file() else []
        return json.dumps(examples[0]["input"] if examples else {"data": None}).encode()
