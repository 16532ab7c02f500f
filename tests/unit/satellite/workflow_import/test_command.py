"""`satellite workflow import` prints a definition, or each fault with its place; it asks no server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SATELLITE = str(Path(sys.executable).with_name("satellite"))
DAG = """from airflow.sdk import dag, task

@dag(dag_id="grüße")
def flow():
    @task
    def hello():
        return "한"

    hello()

flow()
"""


def run(file: Path, text: str) -> subprocess.CompletedProcess[str]:
    file.write_text(text, encoding="utf-8")
    command = [SATELLITE, "workflow", "import", str(file), "--format", "json"]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


def test_a_definition_is_printed(tmp_path: Path) -> None:
    done = run(tmp_path / "dag.py", DAG)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "grüße"


def test_faults_are_told_as_compilers_do(tmp_path: Path) -> None:
    file = tmp_path / "dag.py"

    done = run(file, DAG.replace("@task\n", "@task.branch\n"))

    assert done.returncode != 0
    assert done.stdout == ""
    assert f"{file}:5: @task.branch" in done.stderr
