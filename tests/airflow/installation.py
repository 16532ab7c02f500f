"""A real Airflow from PyPI in an environment of its own, with a database of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from satellite.local.ports import find_free_port

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True)
class Airflow:
    """One version of Airflow, the folder of its state, and the folder of its DAGs."""

    major: int
    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=find_free_port)

    @property
    def program(self) -> str:
        return str(ROOT / f"build/airflow{self.major}/env/bin/airflow")

    @property
    def dags(self) -> Path:
        return self.home / "dags"

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are started with: nothing of who runs the tests."""
        return {
            "PATH": f"{Path(self.program).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            **self.settings,
        }

    def prepare(self) -> None:
        """Make its folder of DAGs and its database."""
        self.dags.mkdir(parents=True)
        self.call("db", "migrate")

    def call(self, *arguments: str) -> str:
        """Run its command line and return what it writes, whether or not the DAG has failed."""
        done = subprocess.run(
            [self.program, *arguments],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0 or arguments[:2] == ("dags", "test"), done.stdout
        return done.stdout

    def test(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> Tested:
        """Run a DAG in one process, as `dag.test()` does."""
        said = self.call("dags", "test", dag_id, "2025-01-01", "-c", json.dumps(conf or {}))
        rows = self._rows("SELECT task_id, map_index, state FROM task_instance WHERE dag_id = ?", dag_id)
        xcoms = self._rows(
            "SELECT task_id, map_index, CAST(value AS TEXT) FROM xcom"
            " WHERE dag_id = ? AND key = 'return_value'",
            dag_id,
        )
        state = self._rows("SELECT state FROM dag_run WHERE dag_id = ?", dag_id)
        return Tested(
            state=state[-1][0] if state else said[-4_000:],
            states={_name(task, index): state for task, index, state in rows},
            returned={_name(task, index): json.loads(value) for task, index, value in xcoms},
            said=said,
        )

    def _rows(self, query: str, dag_id: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "airflow.db")) as database:
            return database.execute(query, (dag_id,)).fetchall()


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What became of the run of a DAG: its state, that of each task, and what they returned."""

    state: str
    states: dict[str, str]
    returned: dict[str, Any]
    said: str


def _name(task: str, map_index: int) -> str:
    return task if map_index < 0 else f"{task}[{map_index}]"
