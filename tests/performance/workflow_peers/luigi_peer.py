"""Luigi: tasks with files as their outputs, by its local scheduler in one process."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import luigi
from timing import CHAIN, FAN_OUT, measure

FOLDER = tempfile.TemporaryDirectory(prefix="luigi-")
RUNS = itertools.count()


class Work(luigi.Task):  # type: ignore[misc]
    """Writes that it is done."""

    run_number = luigi.IntParameter()
    name = luigi.Parameter()
    before: Any = luigi.ListParameter()

    def requires(self) -> list[Work]:
        """Return what is to be done before."""
        if self.name == "join":
            return [Work(self.run_number, f"item {n}", ["begin"]) for n in range(FAN_OUT)]
        if self.name.startswith("step "):
            number = int(self.name.removeprefix("step "))
            return [Work(self.run_number, f"step {number - 1}", [])] if number else []
        return [Work(self.run_number, name, []) for name in self.before]

    def output(self) -> Any:
        """Return the file by which it is known to be done."""
        return luigi.LocalTarget(Path(FOLDER.name, str(self.run_number), self.name))

    def run(self) -> None:
        """Do it."""
        with self.output().open("w") as file:
            file.write("done")


def build(name: str) -> None:
    """Build a task with all that it requires."""
    assert luigi.build([Work(next(RUNS), name, [])], local_scheduler=True, log_level="CRITICAL")


if __name__ == "__main__":
    measure(
        chain=lambda: build(f"step {CHAIN - 1}"),
        fan_out=lambda: build("join"),
        kept="files of the tasks that were done",
    )
