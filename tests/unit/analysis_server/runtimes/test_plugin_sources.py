"""Where the process runtime finds the source of a plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis_server.runtimes.process.source import PluginSourceMissing, PluginSources
from analysis_server.settings import WorkerSettings
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.testing import manifest_of


def put(folder: Path, manifest: PluginManifest) -> Path:
    place = folder / manifest.name
    place.mkdir(parents=True)
    (place / "plugin.json").write_text(manifest.model_dump_json())
    return place


def test_the_version_that_is_asked_for_is_found_in_whichever_folder_has_it(tmp_path: Path) -> None:
    old, new = manifest_of(name="adder", version="1"), manifest_of(name="adder", version="2")
    put(tmp_path / "first", old)
    place = put(tmp_path / "second", new)
    sources = PluginSources([tmp_path / "none", tmp_path / "first", tmp_path / "second"])

    assert sources.get(new, digest=new.digest()).folder == place
    with pytest.raises(PluginSourceMissing, match=r"first/adder/plugin.json is not adder 3 as it was"):
        sources.get(manifest_of(name="adder", version="3"), digest="other")


def test_what_is_nowhere_is_told_with_all_places(tmp_path: Path) -> None:
    sources = PluginSources([tmp_path / "first", tmp_path / "second"])
    with pytest.raises(PluginSourceMissing, match=r"there is no .*/first/adder/.* or .*/second/adder/"):
        sources.get(manifest_of(name="adder"), digest="d")
    with pytest.raises(PluginSourceMissing, match="set SATELLITE_WORKER_PLUGIN_DIR"):
        PluginSources([]).get(manifest_of(name="adder"), digest="d")


def test_folders_stand_in_one_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SATELLITE_WORKER_PLUGIN_DIR", f"{tmp_path}:relative:")
    assert WorkerSettings().plugin_dirs == [tmp_path, Path.cwd() / "relative"]
