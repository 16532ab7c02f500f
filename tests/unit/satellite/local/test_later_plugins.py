"""A plugin whose image comes later lets its jobs wait, and only who paused it lets them begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from satellite.client.models import Plugin, PluginControl
from satellite.local import later_plugins
from satellite.local.later_plugins import LaterPlugins
from satellite.local.plugin_images import ImageBuildFailed


class Server:
    """A client of a server with one plugin."""

    def __init__(self, *, is_paused: bool = False) -> None:
        self.is_paused = is_paused

    def get_plugin(self, name: str) -> Plugin:
        return Plugin(name=name, version="1", control=PluginControl(is_paused=self.is_paused))

    def pause_plugin(self, name: str) -> Plugin:
        self.is_paused = True
        return self.get_plugin(name)

    def resume_plugin(self, name: str) -> Plugin:
        self.is_paused = False
        return self.get_plugin(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins/python-task"
    folder.mkdir(parents=True)
    (folder / "plugin.json").write_text("{}")
    return folder


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """The folders whose image is there."""
    images: set[Path] = set()
    monkeypatch.setattr(later_plugins, "is_built", images.__contains__)
    monkeypatch.setattr(later_plugins, "build_image", images.add)
    return images


def test_its_jobs_wait_until_its_image_is_there(tmp_path: Path, folder: Path, built: set[Path]) -> None:
    later, server = LaterPlugins(tmp_path), Server()
    assert later.find([folder.parent]) == [folder]

    later.pause(server, folder)  # type: ignore[arg-type]
    assert server.is_paused
    later.install(server, folder, with_image=True)  # type: ignore[arg-type]

    assert not server.is_paused
    assert built == {folder}
    assert later.find([folder.parent]) == []


def test_one_that_was_killed_between_is_made_up_for(tmp_path: Path, folder: Path, built: set[Path]) -> None:
    server = Server()
    LaterPlugins(tmp_path).pause(server, folder)  # type: ignore[arg-type]
    built.add(folder)

    again = LaterPlugins(tmp_path)
    assert again.find([folder.parent]) == [folder]
    again.pause(server, folder)  # type: ignore[arg-type]
    again.install(server, folder, with_image=True)  # type: ignore[arg-type]

    assert not server.is_paused


def test_who_has_paused_it_otherwise_is_not_overruled(tmp_path: Path, folder: Path, built: set[Path]) -> None:
    later, server = LaterPlugins(tmp_path), Server(is_paused=True)

    later.pause(server, folder)  # type: ignore[arg-type]
    later.install(server, folder, with_image=True)  # type: ignore[arg-type]

    assert server.is_paused


def test_jobs_are_told_what_is_wrong_with_an_image_that_cannot_be_made(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise ImageBuildFailed("no network")

    monkeypatch.setattr(later_plugins, "build_image", fail)
    later, server = LaterPlugins(tmp_path), Server()
    later.pause(server, folder)  # type: ignore[arg-type]

    with pytest.raises(ImageBuildFailed, match="no network"):
        later.install(server, folder, with_image=True)  # type: ignore[arg-type]

    assert not server.is_paused


def test_where_no_engine_answers_nothing_waits(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> bool:
        raise ImageBuildFailed("no container engine answers")

    monkeypatch.setattr(later_plugins, "is_built", fail)

    assert LaterPlugins(tmp_path).find([folder.parent]) == []
