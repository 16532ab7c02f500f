"""Makes plugins of a model, of which each is a folder: for the process runtime of workers, and for an image.

One loads versions of the model, the other makes them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis_server.model_plugins.code import PACKAGE, copy_code, plugin_name, training_code
from analysis_server.models.catalog import METRICS_FILE, ModelSource, find_models
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.plugin.model.golden import FILE as GOLDEN_FILE

MANIFEST: Final = "plugin.json"
DOCKERFILE: Final = """\
FROM python:3.11-slim

WORKDIR /app
COPY plugins/{plugin}/requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY shared/src/satellite/__init__.py satellite/__init__.py
COPY shared/src/satellite/plugin/ satellite/plugin/
COPY plugins/{plugin}/{package}/ {package}/
# The container's file system is read-only, so what Python would cache at run time is made here.
RUN python -m compileall -q .

USER 65534:65534
ENTRYPOINT {command}
"""
TRAINING_SCHEMA: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "steps": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "batch_size": {"type": "integer", "minimum": 1, "maximum": 4_096},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a folder is made of; `manifest` says neither version nor image, which follow from the rest."""

    manifest: dict[str, Any]
    without: set[Path]
    requirements: Path


def make_plugin_folder(model: ModelSource, under: Path) -> Path:
    """Return the folder of the plugin that loads versions of a model, made anew unless the same is there.

    Weights are not in it: each version of the model brings its own.
    """
    signature = model.signature()
    batch_max = signature["batch_max"]
    manifest = {
        "name": plugin_name(model),
        "description": model.summary,
        "input_schema": signature["input_schema"],
        # Answers are held to the signature of the model, which says the same.
        "output_schema": {},
        "command": ["python", "-m", f"{PACKAGE.name}.models", model.name],
        "mode": "server",
        "shared": True,
        "batch": {"max_size": batch_max, "max_wait_ms": 0} if batch_max > 1 else None,
        "timeout_s": 60,
        "resources": {"cpus": 1, "memory_mib": 1024},
    }
    without = _of_others(model) | training_code()
    return _make(under, _Content(manifest=manifest, without=without, requirements=model.requirements), model)


def make_training_folder(model: ModelSource, under: Path) -> Path:
    """Return the folder of the plugin whose jobs each make a version of a model, likewise."""
    manifest = {
        "name": f"{plugin_name(model)}-training",
        "description": f"Trains {model.name}.",
        "input_schema": TRAINING_SCHEMA,
        "output_schema": {"type": "object", "additionalProperties": {"type": "number"}},
        "command": ["python", "-m", model.training_module],
        "trains": {"model": model.name, "plugin": plugin_name(model)},
        "timeout_s": 3_600,
        "resources": {"cpus": 1, "memory_mib": 4_096},
    }
    requirements = model.training.with_name("train_requirements.txt")
    kept = {model.training, PACKAGE / "models/training"}
    content = _Content(
        manifest=manifest, without=_of_others(model) | (training_code() - kept), requirements=requirements
    )
    return _make(under, content, model)


def registry_signature(model: ModelSource) -> dict[str, Any]:
    """Return the signature as the registry has it: a schema each for `data`, `config` and the answer."""
    signature = model.signature()
    schema = signature["input_schema"]
    shared = {key: schema[key] for key in ("$schema", "$defs") if key in schema}
    properties = schema.get("properties", {})
    parts = {"input": properties.get("data", {}), "config": properties.get("config")}
    found = {name: None if part is None else {**shared, **part} for name, part in parts.items()}
    return {**found, "output": signature["output_schema"]}


def _of_others(model: ModelSource) -> set[Path]:
    """Return what must not change the version of this model's plugin: what other models have, and weights."""
    others = (each for each in find_models().values() if each.name != model.name)
    return {model.files}.union(*(each.own_paths for each in others))


def _make(under: Path, content: _Content, model: ModelSource) -> Path:
    under.mkdir(parents=True, exist_ok=True)
    place: Path = under / content.manifest["name"]
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=under))
    try:
        _fill(making, content, model)
        # Others than the user of this process run what is in it, whatever its mask is.
        for path in (making, *making.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if (making / MANIFEST).read_bytes() != _bytes_of(place / MANIFEST):
            shutil.rmtree(place, ignore_errors=True)
            making.rename(place)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return place


def _fill(folder: Path, content: _Content, model: ModelSource) -> None:
    name, command = content.manifest["name"], json.dumps(content.manifest["command"])
    copy_code(folder, without=content.without)
    shutil.copyfile(content.requirements, folder / "requirements.txt")
    (folder / "Dockerfile").write_text(DOCKERFILE.format(plugin=name, package=PACKAGE.name, command=command))
    if not [each for each in model.files.glob("*") if each.name != METRICS_FILE]:
        # A version has a file, and examples are none where there are none.
        (folder / GOLDEN_FILE).write_text("[]\n")
    # Named by its content, so that whoever registers it again without a change changes nothing.
    (folder / MANIFEST).write_text(json.dumps(content.manifest))
    version = _digest(folder)
    manifest = PluginManifest.model_validate(
        {**content.manifest, "version": version, "docker_image": f"satellite/{name}:{version}"}
    )
    (folder / MANIFEST).write_text(json.dumps(manifest.model_dump(mode="json"), indent=2) + "\n")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def _bytes_of(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
