"""Airflow 3: `dag.test()`, which runs the tasks one by one in this process, without its scheduler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES = "PEER_SIZES"
"""The variable by which the sizes reach whoever reads this file for its DAGs."""


def dags() -> tuple[Any, Any]:
    """Return the chain and the fan-out."""
    from airflow.sdk import DAG, task

    steps, items = (int(size) for size in os.environ[SIZES].split())

    @task
    def work(before: int) -> int:
        return before + 1

    with DAG("chain", schedule=None) as chain:
        value = work(0)
        for _ in range(steps - 1):
            value = work(value)
    with DAG("fan_out", schedule=None) as fan_out:
        begun = work(0)
        done = work.expand(before=list(range(items)))
        begun >> done >> work.override(task_id="join")(0)
    return chain, fan_out


def main() -> None:
    """Make an installation that knows the DAGs of this file, and measure."""
    from timing import CHAIN, FAN_OUT, measure

    with tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True) as home:
        folder = Path(home, "dags")
        folder.mkdir()
        shutil.copy(__file__, folder / "peer.py")
        os.environ.update(
            {
                SIZES: f"{CHAIN} {FAN_OUT}",
                "AIRFLOW_HOME": home,
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
            }
        )
        airflow = str(Path(sys.executable).with_name("airflow"))
        for command in (("db", "migrate"), ("dags", "reserialize")):
            subprocess.run([airflow, *command], check=True, capture_output=True)
        chain, fan_out = dags()
        measure(
            chain=chain.test,
            fan_out=fan_out.test,
            kept="states in SQLite; here without the scheduler that would go on",
        )


if __name__ == "__main__":
    main()
else:
    chain, fan_out = dags()
