"""What the client does with models: registers them and their versions, moves aliases, asks them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from satellite.client.calls import Call, Flow, ask, tell
from satellite.client.connection import Connection
from satellite.client.file_calls import FileCalls
from satellite.client.models import Inference, Model, ModelVersion, Page
from satellite.client.reading import check_request
from satellite.client.retrying import keyed


class ModelCalls(Connection):
    """The part of the clients about models."""

    @Call
    def register_model(
        self, name: str, signature: Mapping[str, Any], *, description: str = ""
    ) -> Flow[Model]:
        """Register a model; the same content again is the same model.

        `signature` has the JSON Schemas of `input` and `output`, and of `config` if wanted.
        """
        body = {"name": name, "description": description, "signature": dict(signature)}
        check_request(body)
        return ask(Model, "POST", "/models", body=body)

    @Call
    def list_models(self, *, skip: int = 0, limit: int = 100) -> Flow[Page[Model]]:
        """List the models by name."""
        query = {"skip": skip, "limit": limit}
        return ask(Page[Model], "GET", "/models", params=query)

    @Call
    def get_model(self, name: str) -> Flow[Model]:
        """Return a model, its newest version and its aliases."""
        return ask(Model, "GET", f"/models/{name}")

    @Call
    def hand_over_model(self, name: str, owner_id: int) -> Flow[Model]:
        """Give a model to another account, which registers and deletes its versions from then on."""
        return ask(Model, "PUT", f"/models/{name}/owner", body={"owner_id": owner_id})

    @Call
    def register_version(
        self,
        name: str,
        files: Mapping[str, Path],
        *,
        plugin_name: str,
        plugin_version: str | None = None,
        metrics: Mapping[str, Any] | None = None,
        job_id: int | None = None,
    ) -> Flow[ModelVersion]:
        """Store the files of a version by their roles and register it; the same again is the same."""
        stored = {}
        for role, path in files.items():
            file = yield from FileCalls.upload_file(self, path, name=role)
            stored[role] = file.id
        body = {
            "plugin_name": plugin_name,
            "plugin_version": plugin_version,
            "files": stored,
            "metrics": dict(metrics or {}),
            "job_id": job_id,
        }
        check_request(body)
        return (yield from ask(ModelVersion, "POST", f"/models/{name}/versions", body=body))

    @Call
    def list_versions(self, name: str, *, skip: int = 0, limit: int = 100) -> Flow[Page[ModelVersion]]:
        """List the versions of a model, newest first."""
        query = {"skip": skip, "limit": limit}
        return ask(Page[ModelVersion], "GET", f"/models/{name}/versions", params=query)

    @Call
    def get_card(self, name: str, version: int) -> Flow[dict[str, Any]]:
        """Return all that is known of a version, the record of the job that made it included."""
        return ask(dict[str, Any], "GET", f"/models/{name}/versions/{version}/card")

    @Call
    def delete_version(self, name: str, version: int) -> Flow[None]:
        """Delete a version that no alias names and no job needs."""
        return tell("DELETE", f"/models/{name}/versions/{version}")

    @Call
    def move_alias(self, name: str, alias: str, version: int, *, override: str | None = None) -> Flow[None]:
        """Let an alias name a version, which answers what is asked by it from now on; safe to repeat.

        `override` is why it is moved although its gate does not let it; the audit trail tells of it.

        Raises:
            Conflict: a gate guards the alias, and the version does not pass it.
        """
        body: dict[str, Any] = {"version": version}
        if override is not None:
            body["override"] = {"reason": override}
        return tell("PUT", f"/models/{name}/aliases/{alias}", body=body)

    @Call
    def delete_alias(self, name: str, alias: str) -> Flow[None]:
        """Delete an alias; the version that it names stays."""
        return tell("DELETE", f"/models/{name}/aliases/{alias}")

    @Call
    def ask_model(
        self,
        /,
        model_name: str,
        data: Any,
        *,
        config: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Flow[Inference]:
        """Submit a request to `name`, `name@alias` or `name@3`; `wait(answer.job_id)` waits for the job.

        `fields` may be `priority`, `timeout_s`, `queue_ttl_s` and `webhook`.
        """
        body = {"model_name": model_name, "data": data, "config": config, **fields}
        body = {name: value for name, value in body.items() if name == "data" or value is not None}
        check_request(body)
        headers = keyed(idempotency_key)
        return ask(Inference, "POST", "/inference/submit", body=body, headers=headers, is_repeatable=True)

    @Call
    def inference_result(self, job_id: int) -> Flow[Inference]:
        """Return what became of a request to a model whose job has ended.

        Raises:
            Conflict: it has not.
        """
        return ask(Inference, "GET", f"/inference/result/{job_id}")
