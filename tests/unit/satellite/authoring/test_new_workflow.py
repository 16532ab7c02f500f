"""The folder of a new workflow is one, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from satellite.authoring.new_plugin import FolderTaken
from satellite.authoring.new_workflow import make_workflow
from satellite.authoring.workflow_folder import read_workflow


@pytest.mark.parametrize("name", ["lines", "a: b", "2026-01-02", "true", "#1", "워크플로"])
def test_a_new_folder_is_a_workflow_of_its_name(name: str, tmp_path: Path) -> None:
    files = make_workflow(tmp_path / name)

    read = read_workflow(tmp_path / name)
    assert read.definition.name == name
    assert sorted(read.files.values()) == sorted(files[1:])
    assert [task.dependencies for task in read.definition.tasks] == [[], ["make_table"]]
    with pytest.raises(FolderTaken):
        make_workflow(tmp_path / name)
