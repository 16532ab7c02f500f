"""Makes plugins of the models that come with Satellite: a folder each, with a manifest and all its code.

What runs there imports nothing of this server: the folder brings the models and the plugin SDK.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from analysis_server.inference.settings import InferenceSettings
from analysis_server.model_plugins.code import PACKAGE, PARTS, copy_code, plugin_name, training_code
from analysis_server.models.catalog import ModelSource
from analysis_server.runtimes.process.environment import sdk_folder
from satellite.contracts.plugin_manifest import PluginManifest

_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__")


def manifest_of(model: ModelSource, settings: InferenceSettings) -> PluginManifest:
    """Return the manifest of a model's plugin."""
    signature = model.signature()
    batch_max = signature["batch_max"]
    return PluginManifest.model_validate(
        {
            "name": plugin_name(model),
            "version": model.version(),
            "description": model.description[:2_000],
            "docker_image": "satellite/analysis-server",
            "input_schema": signature["input_schema"],
            # Answers are checked where models are made, by golden examples, and not one by one.
            "output_schema": {},
            "command": ["python", "-m", "analysis_server.models", model.name],
            "mode": "server",
            "shared": True,
            "batch": {"max_size": batch_max, "max_wait_ms": 0} if batch_max > 1 else None,
            "timeout_s": settings.timeout_s,
            "resources": {
                "cpus": settings.model_cpus,
                "gpus": settings.model_gpus,
                "gpu_memory_mib": settings.model_gpu_memory_mib,
                "memory_mib": settings.model_memory_mib,
            },
        }
    )


def make_model_folders(under: Path, manifests: Iterable[PluginManifest]) -> Path:
    """Return a folder of plugin folders under a path, made now unless it is there already."""
    manifests = list(manifests)
    ready = under / _digest(manifests)
    if ready.is_dir():
        return ready
    under.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=under))
    try:
        # Others than the user of this process run what is in it.
        making.chmod(0o755)
        for manifest in manifests:
            _fill(making / manifest.name, manifest)
        making.rename(ready)
    except OSError:
        shutil.rmtree(making, ignore_errors=True)
        # Another process may have been faster.
        if not ready.is_dir():
            raise
    return ready


def _fill(folder: Path, manifest: PluginManifest) -> None:
    copy_code(folder, without=training_code())
    shutil.copytree(sdk_folder(), folder / "satellite/plugin", ignore=_LEFT_OUT)
    (folder / "satellite/__init__.py").touch()
    (folder / "plugin.json").write_text(manifest.model_dump_json())


def _digest(manifests: list[PluginManifest]) -> str:
    digest = hashlib.sha256(json.dumps([manifest.digest() for manifest in manifests]).encode())
    for folder in (*(PACKAGE / part for part in PARTS), sdk_folder()):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]
