"""DAG files are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from operation_server.workflows.airflow.dag_files import remove_dag_file, write_dag_file


def test_a_file_replaces_the_one_before(tmp_path: Path) -> None:
    write_dag_file(tmp_path, workflow_id=7, text="first = 1\n")

    written = write_dag_file(tmp_path, workflow_id=7, text="second = '한'\n")

    assert list(tmp_path.iterdir()) == [tmp_path / "workflow_7.py"] == [written]
    assert written.read_bytes().decode() == "second = '한'\n"
    assert written.stat().st_mode & 0o777 == 0o644


def test_what_cannot_be_written_leaves_the_file_before(tmp_path: Path) -> None:
    write_dag_file(tmp_path, workflow_id=7, text="first = 1\n")

    with pytest.raises(UnicodeEncodeError):
        write_dag_file(tmp_path, workflow_id=7, text="\ud800")

    assert [file.read_text() for file in tmp_path.iterdir()] == ["first = 1\n"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_dag_file(tmp_path / "dags", workflow_id=7, text="")


def test_only_the_file_of_the_workflow_is_removed(tmp_path: Path) -> None:
    for workflow_id in (7, 70):
        write_dag_file(tmp_path, workflow_id=workflow_id, text="")

    remove_dag_file(tmp_path, workflow_id=7)
    remove_dag_file(tmp_path, workflow_id=7)

    assert [file.name for file in tmp_path.iterdir()] == ["workflow_70.py"]
