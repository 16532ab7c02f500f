"""A local stack registers the plugins that its workers run."""

from __future__ import annotations

from pathlib import Path

import pytest

from satellite.local.plugin_folders import find_plugin_dirs


def test_the_folders_that_workers_are_told_of_go_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SATELLITE_WORKER_PLUGIN_DIR", f"{tmp_path}:{tmp_path / 'more'}:")
    assert find_plugin_dirs() == [tmp_path, tmp_path / "more"]


def test_without_one_the_checkouts_plugins_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SATELLITE_WORKER_PLUGIN_DIR", raising=False)
    [found] = find_plugin_dirs()
    assert (found / "example-failing" / "plugin.json").is_file()
