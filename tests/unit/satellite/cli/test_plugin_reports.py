"""Reports of plugins on this machine: found for the same files only, and never too many."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from satellite.authoring.new_plugin import make_plugin
from satellite.cli.plugin_reports import KEPT, find_report, make_room, report_file
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.plugin_report import Report


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SATELLITE_CONFIG_DIR", str(tmp_path / "config"))
    make_plugin(tmp_path / "word-count")
    make_room()
    return tmp_path / "word-count"


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "plugin.json").read_bytes())
    return manifest


def keep(folder: Path) -> Report:
    manifest = PluginManifest.model_validate(manifest_of(folder))
    report = Report(
        plugin=manifest.name,
        version=manifest.version,
        runtime="process",
        manifest_digest=manifest.digest(),
        tested_at=datetime(2026, 11, 25, tzinfo=UTC),
    )
    report_file(folder).write_text(report.model_dump_json())
    return report


def test_it_is_found_for_the_same_files_only(folder: Path) -> None:
    report, manifest = keep(folder), manifest_of(folder)
    assert find_report(folder, manifest) == report

    (folder / "main.py").write_text("another program")
    assert find_report(folder, manifest) is None


def test_files_beside_a_manifest_that_was_never_tested_are_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(folder)
    monkeypatch.setattr("satellite.local.plugin_images.content_digest", lambda _: pytest.fail("was read"))
    assert find_report(folder, manifest_of(folder) | {"version": "9"}) is None
    assert find_report(folder, {"no": "manifest"}) is None


def test_a_report_of_another_release_is_none(folder: Path) -> None:
    keep(folder)
    report_file(folder).write_text('{"plugin": "word-count"}')
    assert find_report(folder, manifest_of(folder)) is None


def test_the_newest_ones_stay(folder: Path) -> None:
    place = report_file(folder).parent
    for number in range(KEPT + 5):
        file = place / f"{number}.json"
        file.write_text("{}")
        os.utime(file, (number, number))
    make_room()
    assert {file.name for file in place.iterdir()} == {f"{number}.json" for number in range(5, KEPT + 5)}
