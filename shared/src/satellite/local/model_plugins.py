"""The models of the analysis server: made into plugins here, and registered with a server.

The analysis server tells of them as a program: this side of the platform knows none of its code.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from satellite.contracts.json_text import parse_json
from satellite.contracts.model_version import CHAMPION, artifact_digest
from satellite.errors import SatelliteError

if TYPE_CHECKING:
    from satellite.client import Model, ModelVersion, SatelliteClient

MAKE_TIMEOUT_S = 120


class ModelsNotMade(SatelliteError):
    """The models of the analysis server could not be made into plugins."""

    code = "models_not_made"


class ModelPlugin(BaseModel):
    """A model of the analysis server and the folder of the plugin that loads it."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    signature: dict[str, Any]
    files: dict[str, Path]
    """Of the version that comes with it, by their roles."""
    metrics: dict[str, Any]
    plugin_folder: Path
    training_folder: Path | None = None
    """Of the plugin that trains it, if that was asked for and is there."""

    @property
    def plugin_folders(self) -> list[Path]:
        """Return the folders of all its plugins, each of which may need an image."""
        return [folder for folder in (self.plugin_folder, self.training_folder) if folder is not None]


class InstalledModel(BaseModel):
    """What a model is called after it was installed, and whether anything changed."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: int
    champion: int | None
    """What the alias names; a gate may keep it from naming anything."""
    is_new: bool


def make_model_plugins(
    under: Path,
    names: Sequence[str] = (),
    *,
    with_training: bool = False,
    environment: Mapping[str, str] | None = None,
) -> list[ModelPlugin]:
    """Make the plugins of some models, of all unless named; what is there unchanged is left alone.

    `with_training` makes those that train them too, where there are any.

    Raises:
        ModelsNotMade: there is no such model, or no analysis server.
    """
    if importlib.util.find_spec("analysis_server") is None:
        raise ModelsNotMade(
            "The models come with the analysis server, which is not installed here: "
            "install satellite-analysis-server."
        )
    done = subprocess.run(
        [
            sys.executable, "-m", "analysis_server.model_plugins", *(["--training"] if with_training else []),
            str(under), *names,
        ],
        env={**os.environ, **(environment or {})}, capture_output=True, timeout=MAKE_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ModelsNotMade((done.stderr.decode(errors="replace").strip().splitlines() or ["?"])[-1])
    return TypeAdapter(list[ModelPlugin]).validate_python(parse_json(done.stdout))


def install_model(client: SatelliteClient, model: ModelPlugin) -> InstalledModel:
    """Register a model's plugins, its signature and the version that comes with it; safe to repeat.

    The alias `champion` is moved to the version where it names none, or the same files under other code, and
    no gate is in the way: what somebody has found better stays.

    Raises:
        SatelliteError: the server refuses a part of it.
    """
    plugin, *_ = [client.register_plugin(_manifest_in(folder)) for folder in model.plugin_folders]
    known = _register(client, model)
    versions = client.list_versions(model.name, limit=200).items
    digest = artifact_digest({role: _sha256(path) for role, path in model.files.items()})
    loads_it = (digest, plugin.name, plugin.version)
    same = next((each for each in versions if _loaded(each) == loads_it), None)
    version = same or client.register_version(
        model.name,
        model.files,
        plugin_name=plugin.name,
        plugin_version=plugin.version,
        metrics=model.metrics,
    )
    champion = known.aliases.get(CHAMPION)
    named = next((each for each in versions if each.version == champion), None)
    if champion is None or (named is not None and named.digest == digest):
        champion = _crown(client, model.name, version.version) or champion
    return InstalledModel(name=model.name, version=version.version, champion=champion, is_new=same is None)


def _manifest_in(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = parse_json((folder / "plugin.json").read_bytes())
    return manifest


def _crown(client: SatelliteClient, name: str, version: int) -> int | None:
    """Let `champion` name a version, and return it; None where a gate wants it evaluated first."""
    from satellite.client import Conflict  # noqa: PLC0415

    try:
        client.move_alias(name, CHAMPION, version)
    except Conflict:
        return None
    return version


def _register(client: SatelliteClient, model: ModelPlugin) -> Model:
    from satellite.client import Conflict  # noqa: PLC0415  # Its import overlaps with the boot.

    try:
        return client.register_model(model.name, model.signature, description=model.description)
    except Conflict:
        known = client.get_model(model.name)
        if known.signature != model.signature:
            raise
        # Only its description is another one, which a later release may well have.
        return known


def _loaded(version: ModelVersion) -> tuple[str, str, str]:
    return version.digest, version.plugin_name, version.plugin_version


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
