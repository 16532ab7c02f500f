"""What trainings have written becomes versions of models, in the transaction in which their jobs complete.

A job completes once, under the lock of its row, so however often a trainer was killed, run again or reported,
it makes one version. What each file holds was looked at when it came in (`registry/trained_files.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Row, text

from operation_server.accounts.access import Extent, Permission, extent_of
from operation_server.jobs.transitions.ending import LockedAttempt
from operation_server.registry.schemas import Signature
from operation_server.registry.signatures import model_digest
from operation_server.trail.actions import Action
from operation_server.trail.recording import record_in_transition
from satellite.contracts.attempt_files import Artifact
from satellite.contracts.identity import AttemptKey
from satellite.contracts.model_version import (
    FILES_MAX,
    METRICS_NAME,
    SIGNATURE_NAME,
    artifact_digest,
    is_version_file,
)
from satellite.contracts.outcome import Outcome, OutcomeStatus
from satellite.contracts.plugin_manifest import PluginMode, Trained

FIND_OWNER = text("SELECT id, username AS email, role FROM users WHERE id = :id")

# Whoever adds a version waits for this lock, so numbers have no gaps and are given once.
LOCK_MODEL = text("""
    SELECT m.id, m.owner_id, u.username AS email, m.signature
    FROM models AS m JOIN users AS u ON u.id = m.owner_id
    WHERE m.name = :name FOR UPDATE OF m
""")

ADD_MODEL = text("""
    INSERT INTO models (name, description, signature, digest, owner_id)
    VALUES (:name, '', CAST(:signature AS json), :digest, :owner_id)
    ON CONFLICT (name) DO NOTHING RETURNING id
""")

FIND_LOADER = text("""
    SELECT id, manifest ->> 'mode' AS mode FROM plugins
    WHERE name = :name AND deleted_at IS NULL ORDER BY id DESC LIMIT 1
""")

FIND_DOCUMENTS = text("""
    SELECT name, document, document::text AS document_json FROM artifacts
    WHERE job_id = :job_id AND attempt = :attempt AND document IS NOT NULL
""")

ADD_VERSION = text("""
    WITH made AS (
        INSERT INTO model_versions (
            model_id, version, plugin_id, digest, metrics, job_id, is_trained, created_by
        )
        SELECT :model_id, coalesce(max(version), 0) + 1, :plugin_id, :digest, CAST(:metrics AS json), :job_id,
               true, :created_by
        FROM model_versions WHERE model_id = :model_id
        RETURNING id, version
    ), filed AS (
        INSERT INTO model_files (model_version_id, role, file_id)
        SELECT made.id, f.role, f.file_id
        FROM made CROSS JOIN json_to_recordset(CAST(:files AS json)) AS f(role text, file_id text)
    )
    SELECT version FROM made
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of a training that completed: the version that it made, or why it makes none."""

    label: str | None = None
    refusal: str | None = None


class _Refused(Exception):
    """The registry does not take what a training made."""


class _Training(NamedTuple):
    job: LockedAttempt
    trains: Trained
    files: list[Artifact]


def make_versions(
    connection: Connection, reported: Sequence[tuple[LockedAttempt, Outcome]]
) -> dict[AttemptKey, Made]:
    """Return what became of those attempts that completed a training.

    Of one that is refused nothing is written, and the others of the batch are as they would be without it.
    """
    trainings = [
        _Training(job, job.trains, [each for each in outcome.artifacts if is_version_file(each.name)])
        for job, outcome in reported
        if job.trains is not None and outcome.status is OutcomeStatus.COMPLETED
    ]
    # By name, so that two transactions that lock several models never wait for each other.
    trainings.sort(key=lambda training: training.trains.model)
    return {training.job.key: _made(connection, training) for training in trainings}


def _made(connection: Connection, training: _Training) -> Made:
    try:
        return Made(label=_register(connection, training))
    except _Refused as refusal:
        return Made(refusal=f"The model {training.trains.model} gets no version: {refusal}")


def _register(connection: Connection, training: _Training) -> str:
    _require_files(training.files)
    key, name = training.job.key, training.trains.model
    owner = connection.execute(FIND_OWNER, {"id": training.job.owner_id}).one()
    loader_id = _find_loader(connection, training.trains.plugin)
    # As text where it is only kept: a whole number of any length stays what it is.
    rows = connection.execute(FIND_DOCUMENTS, {"job_id": key.job_id, "attempt": key.attempt})
    documents = {row.name: row for row in rows}
    metrics, signature = documents.get(METRICS_NAME), documents.get(SIGNATURE_NAME)
    model_id = _find_model(connection, name, owner, signature)
    digest = artifact_digest({file.name: file.sha256 for file in training.files})
    version = connection.scalar(
        ADD_VERSION,
        {
            "model_id": model_id,
            "plugin_id": loader_id,
            "digest": digest,
            "metrics": "{}" if metrics is None else metrics.document_json,
            "job_id": key.job_id,
            "created_by": owner.id,
            "files": orjson.dumps([{"role": f.name, "file_id": f.file_id} for f in training.files]).decode(),
        },
    )
    detail = {"version": version, "digest": digest, "job_id": key.job_id}
    record_in_transition(connection, owner, Action.REGISTER_MODEL_VERSION, name, **detail)
    return f"{name}@{version}"


def _require_files(files: Sequence[Artifact]) -> None:
    if not files:
        raise _Refused(
            "the plugin wrote no file of it. Its files stand at the top of $SATELLITE_OUTPUT_DIR, and their "
            "names end in .onnx, .safetensors or .json."
        )
    if len(files) > FILES_MAX:
        raise _Refused(f"the plugin wrote {len(files)} files of it, and a version has at most {FILES_MAX}.")


def _find_loader(connection: Connection, name: str) -> int:
    loader = connection.execute(FIND_LOADER, {"name": name}).one_or_none()
    if loader is None:
        raise _Refused(f"the plugin {name}, which is to load it, is not registered.")
    if loader.mode != PluginMode.SERVER:
        raise _Refused(f"the plugin {name}, which is to load it, is no server.")
    plugin_id: int = loader.id
    return plugin_id


def _find_model(connection: Connection, name: str, owner: Row[Any], signature: Row[Any] | None) -> int:
    """Return the id of a model, which is locked from here on; it is made if its signature came along."""
    extent = extent_of(owner.role, Permission.REGISTER_MODELS)
    if extent is None:
        raise _Refused(f"{owner.email} may register no models.")
    if signature is not None:
        _add_model(connection, name, owner, signature)
    model = connection.execute(LOCK_MODEL, {"name": name}).one_or_none()
    if model is None:
        raise _Refused(
            f"there is no such model, and the plugin wrote no {SIGNATURE_NAME} to make it by. Write one, or "
            "register the model first."
        )
    if extent is Extent.OWN and model.owner_id != owner.id:
        raise _Refused(f"it belongs to {model.email}, and the job to {owner.email}.")
    if signature is not None and signature.document != model.signature:
        raise _Refused(f"{SIGNATURE_NAME} is not its signature; leave it out, or train another model.")
    model_id: int = model.id
    return model_id


def _add_model(connection: Connection, name: str, owner: Row[Any], signature: Row[Any]) -> None:
    added = connection.scalar(
        ADD_MODEL,
        {
            "name": name,
            "signature": signature.document_json,
            "digest": model_digest("", Signature.model_validate(signature.document)),
            "owner_id": owner.id,
        },
    )
    if added is not None:
        record_in_transition(connection, owner, Action.REGISTER_MODEL, name)
