"""What the client does with models: registers them and their versions, moves aliases, asks them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from satellite.client.models import Inference, Model, ModelVersion, Page, StoredFile
from satellite.client.reading import check_request, read_answer
from satellite.client.retrying import keyed


class ModelCalls:
    """The part of `SatelliteClient` about models."""

    def _request(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return the answer; the client says how."""
        raise NotImplementedError

    def upload_file(
        self, path: Path, *, name: str | None = None, media_type: str | None = None
    ) -> StoredFile:
        """Store a file of this machine; the client says how."""
        raise NotImplementedError

    def register_model(self, name: str, signature: Mapping[str, Any], *, description: str = "") -> Model:
        """Register a model; the same content again is the same model.

        `signature` has the JSON Schemas of `input` and `output`, and of `config` if wanted.
        """
        body = {"name": name, "description": description, "signature": dict(signature)}
        check_request(body)
        return read_answer(Model, self._request("POST", "/models", json=body))

    def list_models(self, *, skip: int = 0, limit: int = 100) -> Page[Model]:
        """List the models by name."""
        query = {"skip": skip, "limit": limit}
        return read_answer(Page[Model], self._request("GET", "/models", params=query))

    def get_model(self, name: str) -> Model:
        """Return a model, its newest version and its aliases."""
        return read_answer(Model, self._request("GET", f"/models/{name}"))

    def register_version(
        self,
        name: str,
        files: Mapping[str, Path],
        *,
        plugin_name: str,
        plugin_version: str | None = None,
        metrics: Mapping[str, Any] | None = None,
        job_id: int | None = None,
    ) -> ModelVersion:
        """Store the files of a version by their roles and register it; the same again is the same."""
        stored = {role: self.upload_file(path, name=role).id for role, path in files.items()}
        body = {
            "plugin_name": plugin_name,
            "plugin_version": plugin_version,
            "files": stored,
            "metrics": dict(metrics or {}),
            "job_id": job_id,
        }
        check_request(body)
        return read_answer(ModelVersion, self._request("POST", f"/models/{name}/versions", json=body))

    def list_versions(self, name: str, *, skip: int = 0, limit: int = 100) -> Page[ModelVersion]:
        """List the versions of a model, newest first."""
        query = {"skip": skip, "limit": limit}
        return read_answer(Page[ModelVersion], self._request("GET", f"/models/{name}/versions", params=query))

    def get_card(self, name: str, version: int) -> dict[str, Any]:
        """Return all that is known of a version, the record of the job that made it included."""
        return read_answer(dict[str, Any], self._request("GET", f"/models/{name}/versions/{version}/card"))

    def delete_version(self, name: str, version: int) -> None:
        """Delete a version that no alias names and no job needs."""
        self._request("DELETE", f"/models/{name}/versions/{version}")

    def move_alias(self, name: str, alias: str, version: int) -> None:
        """Let an alias name a version, which answers what is asked by it from now on; safe to repeat."""
        self._request("PUT", f"/models/{name}/aliases/{alias}", json={"version": version})

    def delete_alias(self, name: str, alias: str) -> None:
        """Delete an alias; the version that it names stays."""
        self._request("DELETE", f"/models/{name}/aliases/{alias}")

    def ask_model(
        self,
        model_name: str,
        data: Any,
        *,
        config: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Inference:
        """Submit a request to `name`, `name@alias` or `name@3`; `wait(answer.job_id)` waits for the job.

        `fields` may be `priority`, `timeout_s` and `queue_ttl_s`.
        """
        body = {"model_name": model_name, "data": data, "config": config, **fields}
        body = {name: value for name, value in body.items() if name == "data" or value is not None}
        check_request(body)
        answer = self._request("POST", "/inference/submit", json=body, headers=keyed(idempotency_key))
        return read_answer(Inference, answer)

    def inference_result(self, job_id: int) -> Inference:
        """Return what became of a request to a model whose job has ended.

        Raises:
            Conflict: it has not.
        """
        return read_answer(Inference, self._request("GET", f"/inference/result/{job_id}"))
