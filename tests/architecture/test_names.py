"""House rules on names (CONTRIBUTING.md)."""

from __future__ import annotations

import subprocess
from pathlib import Path

FORBIDDEN = {"utils", "helpers", "common", "manager", "util", "helper", "misc"}


def test_no_file_or_folder_says_nothing() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    offenders = [name for name in tracked if FORBIDDEN & {part.split(".")[0] for part in Path(name).parts}]

    assert offenders == []


def test_no_module_named_app_shadows_the_celery_app() -> None:
    assert not Path("analysis-server/src/analysis_server/tasks/app.py").exists()


def test_no_lock_records_an_address() -> None:
    locks = subprocess.run(
        ["git", "ls-files", "*.lock"], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "tests/airflow/airflow3.lock" in locks
    assert [lock for lock in locks if "://" in Path(lock).read_text()] == []
